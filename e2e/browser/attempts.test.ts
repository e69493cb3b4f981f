import { type NewTask, task, type TaskInput, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser, openPage } from '../harness/browser.ts';
import { type Stack, startStack } from '../harness/stack.ts';

// Tasks that are tried again, and batches that are run again.

let stack: Stack;
let browser: Browser;
let batchId: string;
let idOf: Map<string, string>;

beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 1 });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});

const start = () => webhook(`${stack.receiver.url}/start`);
const aTask = (id: string, rest: Partial<TaskInput> = {}): NewTask =>
  task({ id, name: id, kind: 'etl', on_start: start(), ...rest });

const runs = (id: string, attempt = 1) =>
  until('it runs', async () => {
    const found = await stack.client.getTask(id);
    return found.status === 'Running' && found.attempt === attempt;
  });

const open = async (query: string) => {
  const watched = await openPage(browser);
  await watched.page.goto(`${stack.hostUrl}/view?${query}`);
  return watched;
};

describe('a task that is tried again', () => {
  beforeAll(async () => {
    const created = await stack.client.createBatch([
      aTask('import', {
        expected_count: 10,
        retry: { max_attempts: 4, backoff_secs: 0.3, backoff_factor: 1, jitter: false },
      }),
      aTask('check', { retry: { max_attempts: 2, backoff_secs: 600, jitter: false } }),
    ]);
    ({ batchId } = created);
    idOf = new Map(created.tasks.map(({ name, id }) => [name, id]));
    const id = idOf.get('import')!;
    for (const attempt of [1, 2]) {
      await runs(id, attempt);
      await stack.client.addProgress(id, { success: 2 * attempt, failures: 1 });
      await stack.client.reportFailure(id, `row ${attempt} is broken`);
    }
    await runs(id, 3);
    await runs(idOf.get('check')!);
    await stack.client.reportFailure(idOf.get('check')!, 'the source is away');
  });
  afterAll(() => stack.client.stopBatch(batchId));

  // proves: http/view-attempts
  test('its page lists what it has tried, and how it goes on', async () => {
    const { page, problems, ...watched } = await open(`task=${idOf.get('import')}`);
    const attempts = page.getByRole('region', { name: 'Attempt 3 of 4' });
    await attempts.getByText('row 1 is broken').waitFor();
    await attempts.getByText('row 2 is broken').waitFor();
    await attempts.getByText('4 succeeded, 1 failed').waitFor();
    await attempts
      .getByText(/^Tried again when it reports a failure or it times out or its call fails: after 0\.3 s\.$/)
      .waitFor();
    await watched.picture('task attempts');
    expect(problems).toEqual([]);
    await page.context().close();
  });

  // proves: http/view-attempts
  test('between two attempts its page says why the last one failed, and when the next is due', async () => {
    const { page, problems, ...watched } = await open(`task=${idOf.get('check')}`);
    await page.getByText('Why the last attempt failed').waitFor();
    await page.getByText(/attempt 2 of 2 may start in \d+ (min|s)/).waitFor();
    await watched.picture('task backoff');
    expect(problems).toEqual([]);
    await page.context().close();
  });

  // proves: http/view-attempts
  test('the table, the graph and the timeline tell of attempts', async () => {
    const { page, problems, ...watched } = await open(`batch=${batchId}&tab=table`);
    await page.getByTitle('Attempt 3 of 4').waitFor();
    await page.getByTitle('Attempt 2 of 2').waitFor();
    await watched.picture('table attempts');
    await page.getByRole('link', { name: 'Timeline' }).click();
    await page.getByTitle('Attempt 1 of 4: row 1 is broken').waitFor();
    await page.getByTitle('Attempt 2 of 4: row 2 is broken').waitFor();
    await watched.picture('timeline attempts');
    await page.getByRole('link', { name: 'Graph' }).click();
    await page.locator('.graph-canvas[data-drawn]').waitFor();
    await page.getByLabel('Find a task').fill('import');
    await page.keyboard.press('Enter');
    const panel = page.getByRole('complementary', { name: 'The chosen task' });
    await panel.getByText('3 of 4').waitFor();
    await watched.picture('graph attempts');
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

describe('a finished batch', () => {
  beforeAll(async () => {
    const created = await stack.client.createBatch({
      scope: 'nightly',
      tasks: [aTask('extract'), aTask('load', { dependencies: ['extract'] }), aTask('audit')],
    });
    ({ batchId } = created);
    const ids = created.tasks.map(({ id }) => id);
    for (const id of [ids[0]!, ids[2]!]) await runs(id);
    await stack.client.reportFailure(ids[0]!, 'the disk is full');
    await stack.client.reportSuccess(ids[2]!);
  });

  // proves: http/view-rerun
  test('is run again after a look at what that would be, and both batches lead to each other', async () => {
    const { page, problems, ...watched } = await open(`batch=${batchId}`);
    await page.getByRole('button', { name: 'Run again …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Run again' });
    await dialog.getByText('Failure: the disk is full').waitFor();
    await dialog.getByText('1 task stays out').waitFor();
    expect(await dialog.getByRole('row').count()).toBe(3);
    await watched.picture('rerun');
    await dialog.getByLabel('Everything').check();
    await dialog.getByRole('button', { name: 'Run 3 tasks again' }).waitFor();
    await dialog.getByLabel('What did not succeed').check();
    await dialog.getByRole('button', { name: 'Run 2 tasks again' }).click();
    await page.getByText('It runs again, in this new batch').waitFor();
    await page.getByRole('link', { name: 'Runs an earlier batch again' }).waitFor();
    const { reruns } = await stack.client.getBatch(batchId);
    expect(reruns).toHaveLength(1);
    expect(new URL(page.url()).searchParams.get('batch')).toBe(reruns[0]);
    await watched.picture('rerun new');
    await page.getByRole('link', { name: 'Runs an earlier batch again' }).click();
    await page.getByRole('link', { name: 'Was run again' }).waitFor();
    expect(new URL(page.url()).searchParams.get('batch')).toBe(batchId);
    expect(problems).toEqual([]);
    await page.context().close();
    await stack.client.stopBatch(reruns[0]!);
  });

  test('of which nothing is left to run says so', async () => {
    const { batchId: done, tasks } = await stack.client.createBatch([aTask('a')]);
    await runs(tasks[0]!.id);
    await stack.client.reportSuccess(tasks[0]!.id);
    const { page, problems } = await open(`batch=${done}`);
    await page.getByRole('button', { name: 'Run again …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Run again' });
    await dialog.getByText('Nothing is left to run.').waitFor();
    expect(await dialog.getByRole('button', { name: /^Run / }).isDisabled()).toBe(true);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
