import { type NewTask, type Rule, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, openPage } from '../harness/browser.ts';
import { lookAt } from '../harness/page-looks.ts';
import { type Stack, startStack } from '../harness/stack.ts';

const HOSTILE = '<img src=x onerror="document.title=\'run\'">';

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  stack = await startStack({
    apis: 1,
    workers: 2,
    settings: { METRICS_SAMPLER_INTERVAL_SECS: '1', WEBHOOK_MAX_ATTEMPTS: '1' },
  });
  browser = await openBrowser();
  stack.receiver.behave((call) => {
    if (call.target.startsWith('/work')) void call.handle.success();
    if (call.target.startsWith('/break')) void call.handle.fail('broken');
    if (call.target.startsWith('/never')) return { status: 500 };
    return undefined;
  });
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});

const aTask = (id: string, kind: string, path: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind, on_start: webhook(`${stack.receiver.url}/${path}`), ...rest });
const open = async () => {
  const watched = await openPage(browser);
  await watched.page.goto(`${stack.hostUrl}/view?page=overview`);
  await watched.page.getByRole('heading', { name: 'Overview' }).waitFor();
  return {
    ...watched,
    figure: (name: string) => watched.page.locator('.figure', { hasText: name }).locator('dd'),
  };
};

test('before anything has been created it says so', async () => {
  const { page, problems, ...watched } = await open();
  await page.getByText('No rule counts anything now.').waitFor();
  await page.getByText('No task runs, waits, or has ended in the last hour.').waitFor();
  await watched.figure('Workers alive').getByText('2').waitFor();
  await watched.picture('overview empty');
  expect(problems).toEqual([]);
  await page.context().close();
});

test('what runs, what is held back, what failed and who works, live', async () => {
  const perTenant: Rule = {
    type: 'Concurency',
    max_concurency: 2,
    matcher: { status: 'Running', kind: HOSTILE, fields: ['tenant'] },
  };
  const many = (count: number, make: (id: string) => NewTask) =>
    Array.from({ length: count }, (_, n) => make(`${n}`));
  await stack.client.createBatch([
    ...many(40, (id) => aTask(`etl-${id}`, 'etl', 'work')),
    ...many(3, (id) =>
      aTask(`broken-${id}`, 'etl', 'break', { on_failure: [webhook(`${stack.receiver.url}/never`)] }),
    ),
    ...many(7, (id) => aTask(`mail-${id}`, 'mail', 'hang')),
  ]);
  const limited = await stack.client.createBatch(
    many(5, (id) =>
      aTask(`limited-${id}`, HOSTILE, 'hang', { metadata: { tenant: 'north' }, rules: [perTenant] }),
    ),
  );
  await until('they were called', async () => stack.receiver.calls.length >= 52);

  const { page, problems, figure, ...watched } = await open();
  await figure('Running').getByText('9').waitFor();
  await figure('Pending').first().getByText('3', { exact: true }).waitFor();
  await figure('Failed in the last hour').getByText('3', { exact: true }).waitFor();
  await figure('Ended in the last hour').getByText('43').waitFor();
  await figure('Deliveries exhausted').getByText('3', { exact: true }).waitFor();
  await figure('Oldest pending')
    .getByRole('link', { name: /^limited-/ })
    .waitFor();

  const rules = page.getByRole('region', { name: 'Fullest rules' });
  await rules.getByText('tenant = "north"').waitFor();
  await rules.getByText('2 of 2').waitFor();
  await rules.getByRole('cell', { name: '3', exact: true }).waitFor();
  const kinds = page.getByRole('region', { name: 'Busiest kinds' });
  const etl = kinds.getByRole('row', { name: /^etl/ });
  await expect.poll(() => etl.getByRole('cell').allTextContents()).toEqual(['etl', '0', '0', '43', '3']);
  const workers = page.getByRole('region', { name: 'Workers' });
  expect(await workers.getByText(/alive for/).count()).toBe(2);

  await lookAt({ page, problems, ...watched }, 'overview');
  await page.mouse.move(0, 0);
  const plot = page.getByRole('img', { name: /^Ended each minute: 40 succeeded, 3 failed/ });
  await plot.hover({ position: { x: 200, y: 40 } });
  await page.getByText(/^at \d/).waitFor();
  expect(await page.title()).toBe('Overview · ArcRun');

  // What changes is seen without loading the page.
  const [first] = limited.tasks;
  await until('it runs', async () => (await stack.client.getTask(first!.id)).status === 'Running');
  await stack.client.reportFailure(first!.id, 'by hand');
  await figure('Failed in the last hour').getByText('4', { exact: true }).waitFor();
  await rules.getByRole('cell', { name: '2', exact: true }).waitFor();

  await figure('Oldest pending').getByRole('link').click();
  await page.waitForURL(/view\?task=/);
  await page.getByRole('heading', { name: /^limited-/ }).waitFor();
  expect(problems).toEqual([]);
  await page.context().close();
});

test('an hour of a busy fleet, with kinds that have long names', async () => {
  await stack.database.pool.query(`
    delete from sample_minute where at < date_trunc('minute', now());
    insert into sample_minute
    select date_trunc('minute', now()) - n * interval '1 minute', -n * 4000, -n * 3800 + 900 * sin(n / 3.0),
           - n * 150 + 60 * cos(n), -n, 400 + 300 * sin(n / 5.0), 250 + 100 * cos(n / 4.0)
    from generate_series(1, 70) n where n not between 20 and 24;
    insert into kind_ends
    select date_bin('5 minutes', now(), 'epoch'), repeat(chr(128640), 4 * (1 + n % 25)) || n, 10000 / n, n
    from generate_series(1, 25) n`);
  const { page, problems, ...watched } = await open();
  await page.getByRole('row', { name: /^🚀+1 /u }).waitFor();
  const kinds = page.getByRole('region', { name: 'Busiest kinds' });
  expect(await kinds.getByRole('row').count()).toBe(21);
  const ended = page.getByRole('img', { name: /^Ended each minute/ });
  // Five minutes were lost; what happened in them is told by the sixth.
  expect(await ended.locator('.plot-bar[data-status="success"]').count()).toBeGreaterThan(50);
  await lookAt({ page, problems, ...watched }, 'overview busy');
  expect(problems).toEqual([]);
  await page.context().close();
});

test('when the last worker stops it says what that means', async () => {
  const { page, figure, ...watched } = await open();
  await Promise.all(stack.workers.map((worker) => worker.stop()));
  await figure('Workers alive').getByText('no task starts').waitFor();
  await page.getByText('No worker is alive').waitFor();
  await watched.picture('overview without workers');
  await page.context().close();
});
