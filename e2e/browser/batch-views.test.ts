import { readFile } from 'node:fs/promises';
import { type NewTask, task, webhook } from '@arcrun/client';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openBrowser, openPage, type WatchedPage } from '../harness/browser.ts';
import { type Stack, startStack } from '../harness/stack.ts';

const PHONE = { width: 390, height: 844 };

let stack: Stack;
let browser: Browser;
let batchId: string;
const idOf = new Map<string, string>();

beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 1 });
  browser = await openBrowser();
  const on_start = webhook(`${stack.receiver.url}/start`);
  const tasks: NewTask[] = Array.from({ length: 40 }, (_, n) =>
    task({
      id: `resize-${n}`,
      kind: 'resize',
      on_start,
      expected_count: 10,
      timeout: 600,
      rules: [
        { type: 'Concurency', max_concurency: 4, matcher: { status: 'Running', kind: 'resize', fields: [] } },
      ],
    }),
  );
  tasks.push(
    task({
      id: 'collect',
      kind: 'collect',
      on_start,
      // Whatever becomes of one of them: else it would fail with it, and all others would have no purpose any more.
      dependencies: tasks.map(({ id }) => ({ id, requires_success: false })),
    }),
    task({ id: 'publish', kind: 'publish', name: '=HYPERLINK("x")', on_start, dependencies: ['collect'] }),
  );
  const created = await stack.client.createBatch({ scope: 'views', metadata: { order: 17 }, tasks });
  batchId = created.batchId;
  tasks.forEach(({ id }, index) => idOf.set(id, created.tasks[index]!.id));
  for (const n of [0, 1, 2]) {
    await running(`resize-${n}`);
    await stack.client.addProgress(idOf.get(`resize-${n}`)!, { success: 3 + n, failures: 1 });
    if (n < 2) await stack.client.reportSuccess(idOf.get(`resize-${n}`)!);
  }
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});

const running = (name: string) =>
  vi.waitFor(
    async () => expect((await stack.client.getTask(idOf.get(name)!)).status).toBe('Running'),
    20_000,
  );

const open = async (query: string, viewport?: { width: number; height: number }): Promise<WatchedPage> => {
  const watched = await openPage(browser, viewport);
  await watched.page.goto(`${stack.apis[0]!.url}/view?batch=${batchId}${query}`);
  return watched;
};
const shown = (page: Page) => page.getByRole('row').filter({ has: page.getByRole('cell') });

describe('the table', () => {
  test('is sorted and filtered, and the address holds it', async () => {
    const { page, problems, ...watched } = await open('&tab=table');
    await page.getByText('42 of 42 tasks').waitFor();
    await watched.picture('table');
    await page.getByRole('columnheader', { name: 'Progress' }).getByRole('button').click();
    await page
      .getByRole('columnheader', { name: /Progress/ })
      .and(page.locator('[aria-sort="descending"]'))
      .waitFor();
    await shown(page).first().getByText('60 %').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('resize-1');
    await page.getByText('11 of 42 tasks').waitFor();
    await page.getByLabel('Status', { exact: true }).selectOption('Success');
    await page.getByText('1 of 42 tasks').waitFor();
    await page.reload();
    await page.getByText('1 of 42 tasks').waitFor();
    await page.getByLabel('Find by name').fill('nothing has this name');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByText('42 of 42 tasks').waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('is kept as CSV, where no name runs as a formula', async () => {
    const { page } = await open('&tab=table&sort=-name');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV of 42' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`batch-${batchId}.csv`);
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
    expect(lines).toHaveLength(43);
    expect(lines[1]).toMatch(/^[0-9a-f-]{36},resize-39,resize,/);
    expect(lines.some((line) => line.includes(`"'=HYPERLINK(""x"")"`))).toBe(true);
    await page.context().close();
  });

  test('many are paused, resumed and canceled at once, after a question', async () => {
    const { page, problems, ...watched } = await open('&tab=table&find=resize-3');
    // resize-3 runs; resize-30 to 39 wait for a place.
    await page.getByText('11 of 42 tasks').waitFor();
    await page.getByLabel('Choose resize-30').click();
    await page.getByLabel('Choose resize-33').click({ modifiers: ['Shift'] });
    await page.getByText('4 chosen').waitFor();
    await page.getByRole('button', { name: 'Pause 4' }).click();
    await watched.picture('table question');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Go back' }).click();
    expect((await stack.client.getTask(idOf.get('resize-31')!)).status).toBe('Pending');
    await page.getByRole('button', { name: 'Pause 4' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Pause' }).click();
    await page.getByText('4 tasks paused').waitFor();
    await expect.poll(() => shown(page).filter({ hasText: 'Paused' }).count()).toBe(4);
    await watched.picture('table chosen');
    await page.getByRole('button', { name: 'Resume 4' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Resume' }).click();
    await page.getByText('4 tasks resumed').waitFor();
    await page.getByRole('button', { name: 'Choose none' }).click();
    await page.getByLabel('Choose resize-39').click();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('alertdialog').getByText('This cannot be undone').waitFor();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('1 task canceled').waitFor();
    expect((await stack.client.getTask(idOf.get('resize-39')!)).status).toBe('Canceled');
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

test('the timeline shows the kinds, and the tasks of one', async () => {
  const { page, problems, ...watched } = await open('&tab=timeline');
  await page.getByRole('img', { name: /^resize: at most \d+ running and \d+ waiting at once$/ }).waitFor();
  await watched.picture('timeline');
  await page.getByRole('button', { name: /resize/ }).click();
  await page.getByRole('link', { name: 'resize-0', exact: true }).waitFor();
  await page.getByTitle(/^resize-0: Success, waited .*, ran /).waitFor();
  await page.getByRole('button', { name: '5 times as wide', exact: true }).click();
  expect(new URL(page.url()).searchParams.get('zoom')).toBe('5');
  await page.getByRole('button', { name: '1 times as wide', exact: true }).click();
  await watched.picture('timeline opened');
  await page.reload();
  await page.getByRole('link', { name: 'resize-0', exact: true }).waitFor();
  expect(problems).toEqual([]);
  await page.context().close();
});

test.each(['graph', 'table', 'timeline'])('on a phone nothing is wider than the screen: %s', async (tab) => {
  const { page, ...watched } = await open(`&tab=${tab}`, PHONE);
  await page.getByRole('link', { name: 'Timeline' }).waitFor();
  if (tab === 'graph') await page.locator('[data-drawn]').waitFor();
  else if (tab === 'table') await page.getByRole('link', { name: 'resize-0', exact: true }).waitFor();
  else await page.getByRole('button', { name: /resize/ }).waitFor();
  await watched.picture(`${tab} phone`);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
  await page.context().close();
});

describe('the batch', () => {
  test('its scope and metadata are shown, and its counts lead to the tasks', async () => {
    const { page, problems } = await open('');
    await page.getByRole('heading', { name: 'views' }).waitFor();
    await page.getByText('Metadata').click();
    await page.getByText('"order": 17').waitFor();
    await page.getByRole('link', { name: '4 running' }).click();
    await page.getByText('4 of 42 tasks').waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('many are acted upon with the progress told', async () => {
    const { batchId: many } = await stack.client.createBatch(
      Array.from({ length: 120 }, (_, n) =>
        task({
          id: `t${n}`,
          kind: 'crowd',
          on_start: webhook(`${stack.receiver.url}/start`),
          rules: [
            {
              type: 'Concurency',
              max_concurency: 1,
              matcher: { status: 'Running', kind: 'crowd', fields: [] },
            },
          ],
        }),
      ),
    );
    const { page } = await openPage(browser);
    await page.goto(`${stack.apis[0]!.url}/view?batch=${many}&tab=table`);
    await page.getByText('119 pending').waitFor();
    await page.getByRole('button', { name: /Actions/ }).click();
    expect(
      await page.getByRole('menuitem', { name: /^Resume/ }).getAttribute('data-disabled'),
    ).not.toBeNull();
    await page.getByRole('menuitem', { name: /^Pause/ }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Pause' }).click();
    await page.getByText(/ of 119 tasks paused …/).waitFor();
    await page.getByText('119 tasks paused', { exact: true }).waitFor();
    await page.getByText('119 paused', { exact: true }).waitFor();
    await stack.client.stopBatch(many);
    await page.context().close();
  });

  test('its rules are changed while it runs, and bad ones are explained', async () => {
    const { page, problems, ...watched } = await open('&tab=table');
    await page.getByRole('button', { name: /Actions/ }).click();
    await watched.picture('batch actions');
    await page.getByRole('menuitem', { name: 'Edit the rules' }).click();
    const rules = page.getByRole('dialog').getByRole('textbox');
    await expect.poll(() => rules.inputValue()).toContain('"max_concurency": 4');
    await watched.picture('rules');
    await rules.fill('[{');
    await page.getByRole('button', { name: 'Change the rules' }).click();
    await page.getByRole('dialog').getByText('This is not JSON').waitFor();
    await rules.fill('[{"type": "Concurency"}]');
    await page.getByRole('button', { name: 'Change the rules' }).click();
    await page
      .getByRole('dialog')
      .getByText(/^rules\[0\]/)
      .waitFor();
    await watched.picture('rules refused');
    await page.getByRole('button', { name: 'No rules' }).click();
    await page.getByRole('button', { name: 'Change the rules' }).click();
    await page.getByText(/^The rules of \d+ tasks of kind resize are changed$/).waitFor();
    // Without a limit all of them run.
    await page.getByText('37 running').waitFor();
    expect(problems.filter((problem) => !problem.endsWith('answered 400'))).toEqual([]);
    await page.context().close();
  });

  test('it is stopped, after a question', async () => {
    const { page, problems } = await open('&tab=table');
    await page.getByRole('button', { name: /Actions/ }).click();
    await page.getByRole('menuitem', { name: 'Stop the batch' }).click();
    await page.getByRole('alertdialog').getByText('39 unfinished tasks are canceled').waitFor();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Stop the batch' }).click();
    await page.getByText('The batch is stopped: 39 canceled, 3 had ended').waitFor();
    await page.getByText('42 of 42 tasks ended').waitFor();
    await page.getByRole('button', { name: 'Run again' }).waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
