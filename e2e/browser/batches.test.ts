import { task, webhook } from '@arcrun/client';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser, openPage, type WatchedPage } from '../harness/browser.ts';
import { type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 1, settings: { PAGINATION_DEFAULT: '20' } });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});

const open = async (query = '', viewport?: { width: number; height: number }): Promise<WatchedPage> => {
  const watched = await openPage(browser, viewport);
  await watched.page.goto(`${stack.apis[0]!.url}/view${query}`);
  return watched;
};

const rows = (page: Page) => page.locator('table.batches tbody tr');

describe('before there is any batch', () => {
  test('the page teaches how to make one', async () => {
    const { page, problems, ...watched } = await open();
    await page.getByText('No batches yet').waitFor();
    expect(await page.locator('pre').first().textContent()).toContain(
      `curl -X POST ${stack.apis[0]!.url}/task`,
    );
    await watched.picture('batches empty');
    await page.getByRole('tab', { name: 'TypeScript' }).click();
    expect(await page.getByRole('tabpanel').textContent()).toContain('client.createBatch');
    await page.emulateMedia({ colorScheme: 'dark' });
    await watched.picture('batches empty dark');
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('the curl that it shows works', async () => {
    const { page } = await open();
    const text = await page.locator('pre').first().textContent();
    const [, body] = /-d '([^]*)'/.exec(text ?? '')!;
    const answer = await fetch(`${stack.apis[0]!.url}/task`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body!,
    });
    expect(answer.status).toBe(201);
    await stack.client.stopBatch(answer.headers.get('x-batch-id')!);
    await rows(page).first().waitFor();
    await page.context().close();
  });

  test('a refused demo says what to do, a posted one is opened', async () => {
    const { page, problems } = await open();
    await page.getByRole('button', { name: 'New batch' }).click();
    const receiver = page.getByLabel('Receiver');
    await receiver.fill('ftp://nowhere');
    await page.getByRole('button', { name: 'Post the demo' }).click();
    await page.locator('.toast-title', { hasText: 'The request is not valid' }).waitFor();
    await page
      .getByText(/tasks\[0\]\.on_start\.params\.url/)
      .first()
      .waitFor();
    await receiver.fill(`${stack.receiver.url}/work`);
    await page.getByRole('button', { name: 'Post the demo' }).click();
    await page.waitForURL(/\?batch=/);
    await page.getByText('The demo is posted: 11 tasks').waitFor();
    const batchId = new URL(page.url()).searchParams.get('batch')!;
    expect((await stack.client.getBatch(batchId)).total_tasks).toBe(11);
    await expect
      .poll(() => stack.receiver.calls.some(({ body }) => body.includes('"local_id":"checkout"')))
      .toBe(true);
    await stack.client.stopBatch(batchId);
    expect(problems.filter((problem) => !problem.endsWith('answered 400'))).toEqual([]);
    await page.context().close();
  });
});

describe('with batches', () => {
  const ids: string[] = [];

  beforeAll(async () => {
    const start = webhook(`${stack.receiver.url}/start`);
    for (let n = 0; n < 30; n++) {
      const { batchId } = await stack.client.createBatch({
        scope: `team-${n}`,
        metadata: { customer: n % 2 === 0 ? 'even' : 'odd' },
        tasks: [
          task({ id: 'first', kind: n === 3 ? 'rare-kind' : 'etl', on_start: start }),
          task({ id: 'then', name: `then ${n}`, kind: 'report', on_start: start, dependencies: ['first'] }),
        ],
      });
      ids.push(batchId);
    }
  });

  test('the newest come first, and older ones page by page', async () => {
    const { page, problems, ...watched } = await open();
    await page.getByText('team-29').waitFor();
    expect(await rows(page).count()).toBe(20);
    await page.getByRole('link', { name: 'team-20' }).waitFor();
    await watched.picture('batches');
    await page.emulateMedia({ colorScheme: 'dark' });
    await watched.picture('batches dark');
    await page.getByRole('button', { name: 'Older batches' }).click();
    await page.getByText('team-9', { exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get('after')).not.toBeNull();
    // The address holds it: the same page again, and the way back.
    await page.reload();
    await page.getByText('team-9', { exact: true }).waitFor();
    await page.goBack();
    await page.getByText('team-29').waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('it follows what happens', async () => {
    const { page, problems } = await open();
    const row = rows(page).filter({ hasText: 'team-28' });
    await row.getByText('Running').first().waitFor();
    const [first] = await stack.client.listTasks({ batch_id: ids[28]!, name: 'first' });
    await stack.client.reportFailure(first!.id, 'no reason');
    await row.getByText('Ended with failures').waitFor();
    await row.getByText('2 failed').waitFor();
    const { batchId } = await stack.client.createBatch({
      scope: 'brand-new',
      tasks: [task({ id: 'x', kind: 'k', on_start: webhook(`${stack.receiver.url}/start`) })],
    });
    await page.getByText('brand-new').waitFor();
    await stack.client.stopBatch(batchId);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('filters narrow it, and live in the address', async () => {
    const { page, problems, ...watched } = await open();
    await page.getByText('team-29').waitFor();
    await page.getByRole('button', { name: 'More filters' }).click();
    await page.getByLabel('Kind').fill('rare');
    await watched.picture('batches filtered');
    await expect.poll(() => rows(page).count()).toBe(1);
    await page.getByText('team-3', { exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get('kind')).toBe('rare');
    await page.getByLabel('Scope').fill('team-4');
    await page.getByText('No batch matches these filters').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(() => rows(page).count()).toBe(20);
    await page.getByLabel('Has tasks in').selectOption('Failure');
    await expect.poll(() => rows(page).count()).toBe(1);
    await page.reload();
    await expect.poll(() => rows(page).count()).toBe(1);
    expect(await page.getByLabel('Has tasks in').inputValue()).toBe('Failure');
    await page.getByRole('button', { name: /^Clear/ }).click();
    await page.getByRole('button', { name: 'More filters' }).click();
    await page.getByLabel('Created after').fill('2099-01-01T00:00');
    await page.getByText('No batch matches these filters').waitFor();
    await page.getByLabel('Created after').fill('');
    await page.getByLabel('Created before').fill('2099-01-01T00:00');
    await expect.poll(() => rows(page).count()).toBe(20);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('a filter that the API refuses is explained', async () => {
    const { page } = await open('?status=nonsense');
    await page.getByText('The request is not valid').waitFor();
    await page.getByText(/^status: /).waitFor();
    await page.getByRole('link', { name: 'All batches' }).click();
    await page.getByText('team-29').waitFor();
    await page.context().close();
  });

  test('all of it by keys', async () => {
    const { page, problems, ...watched } = await open();
    await page.getByText('team-29').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Search the batches').waitFor();
    await watched.picture('keys');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.keyboard.press('/');
    await page.keyboard.type('"odd"');
    await page.waitForURL((url) => url.searchParams.get('search') === '"odd"');
    await expect.poll(() => rows(page).count()).toBe(15);
    await page.keyboard.press('Tab');
    await page.locator('body').press('Escape');
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/view?batch=${ids[27]!}`);

    const command = page.getByRole('combobox', { name: /Command/ });
    const openPalette = async () => {
      await page.keyboard.press('Control+k');
      await page.locator('[role="combobox"]:focus').waitFor();
    };
    await openPalette();
    await page.keyboard.type('go deliv');
    await watched.picture('palette');
    await page.keyboard.press('Enter');
    await page.waitForURL(/page=deliveries/);
    // Keys go to it until it is gone.
    await command.waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await page.waitForURL(/\/view$/);
    await openPalette();
    await page.keyboard.type(ids[0]!);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/view?batch=${ids[0]!}`);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('on a phone', async () => {
    const { page, ...watched } = await open('', { width: 390, height: 844 });
    await page.getByText('team-29').waitFor();
    await watched.picture('batches phone');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.context().close();
  });
});
