import { gzipSync } from 'node:zlib';
import { task, webhook } from '@arcrun/client';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findBarriers } from '../harness/accessibility.ts';
import { openBrowser, openPage } from '../harness/browser.ts';
import { type Stack, startStack } from '../harness/stack.ts';
import { startStrippingProxy, type StrippingProxy } from '../harness/stripping-proxy.ts';

const FIRST_LOAD_MAX_BYTES = 300 * 1024;
const EMOJI = '🦊'.repeat(255);

let stack: Stack;
let browser: Browser;
let proxy: StrippingProxy;
let batchId: string;
let taskId: string;

beforeAll(async () => {
  proxy = await startStrippingProxy('/arcrun');
  stack = await startStack({ apis: 1, workers: 1, settings: { HOST_URL: proxy.url } });
  proxy.target = stack.apis[0]!.url;
  browser = await openBrowser();
  const on_start = webhook(`${stack.receiver.url}/start`);
  const created = await stack.client.createBatch({
    scope: 'first',
    tasks: [
      task({ id: 'a', name: EMOJI, kind: 'emoji', on_start, timeout: 600, expected_count: 10 }),
      task({ id: 'b', kind: 'plain', on_start, dependencies: ['a'] }),
      task({ id: 'c', kind: 'plain', on_start, dependencies: [{ id: 'a', requires_success: false }] }),
    ],
  });
  batchId = created.batchId;
  taskId = created.tasks[0]!.id;
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
  await proxy?.close();
});

test('the first load is small, and the second asks for no file again', async () => {
  const { page } = await openPage(browser);
  const sizes = new Map<string, number>();
  let asked = 0;
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (!pathname.includes('/view')) return;
    asked++;
    response.body().then(
      (body) => sizes.set(pathname, gzipSync(body).length),
      () => undefined,
    );
  });
  await page.goto(`${proxy.url}/view`);
  await page.getByText('first').waitFor();
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  console.log(`first load: ${(bytes / 1024).toFixed(0)} kB gzip in ${sizes.size} files`);
  expect(sizes.size).toBeGreaterThan(3);
  expect(bytes).toBeLessThan(FIRST_LOAD_MAX_BYTES);
  // They come pressed, and are kept for good: their names hold the hash of their content.
  const script = [...sizes.keys()].find((path) => path.endsWith('.js'))!;
  const answer = await fetch(new URL(script, proxy.url), { headers: { 'accept-encoding': 'gzip' } });
  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  const plain = await fetch(new URL(script, proxy.url), { headers: { 'accept-encoding': 'identity' } });
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(await plain.text()).toBe(await answer.text());
  expect(asked).toBeGreaterThan(0);
  await page.context().close();
});

test('the page allows no script and no style but those of its files', async () => {
  const { headers } = await fetch(`${proxy.url}/view`);
  const policy = headers.get('content-security-policy')!;
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain('unsafe');
});

describe('nothing that axe finds keeps people out', () => {
  const places: [string, () => string, string | RegExp][] = [
    ['batches', () => '', 'first'],
    ['no such batches', () => '?kind=none', 'No batch matches'],
    ['overview', () => '?page=overview', /Overview/],
    ['deliveries', () => '?page=deliveries', /Deliveries/],
    ['task', () => `?task=${taskId}`, EMOJI],
    ['graph', () => `?batch=${batchId}`, '0 of 3 tasks ended'],
    ['graph with a task', () => `?batch=${batchId}&select=${taskId}&critical=1`, 'Needed by 2'],
    ['graph with a kind', () => `?batch=${batchId}&grouped=1&select=kind:plain`, 'Draw each task'],
    ['table', () => `?batch=${batchId}&tab=table`, '3 of 3 tasks'],
    ['timeline', () => `?batch=${batchId}&tab=timeline&open=plain`, 'so far'],
    ['unknown batch', () => '?batch=01990000-0000-7000-8000-000000000000', 'There is no such batch'],
  ];
  test.each(places)('%s', async (_name, query, text) => {
    const { page } = await openPage(browser);
    await page.goto(`${proxy.url}/view${query()}`);
    await page.locator('main').getByText(text).first().waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await findBarriers(page)).toEqual([]);
    await page.context().close();
  });

  test('dialogs', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${proxy.url}/view?batch=${batchId}&tab=table`);
    await page.getByText('3 of 3 tasks').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /Command/ }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /Actions/ }).click();
    await page.getByRole('menuitem', { name: 'Edit the rules' }).click();
    await page.getByRole('dialog').getByRole('textbox').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /Actions/ }).click();
    await page.getByRole('menuitem', { name: 'Stop the batch' }).click();
    await page.getByRole('alertdialog').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.context().close();
  });
});

test.each(['graph', 'table', 'timeline'])('a name of 255 emoji fits: %s', async (tab) => {
  const { page, problems, ...watched } = await openPage(browser);
  const query = tab === 'graph' ? `&select=${taskId}` : `&tab=${tab}&open=emoji`;
  await page.goto(`${proxy.url}/view?batch=${batchId}${query}`);
  await page.locator('main').getByText(EMOJI).first().waitFor();
  if (tab === 'graph') await page.locator('[data-drawn]').waitFor();
  await watched.picture(`emoji ${tab}`);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1280);
  expect(problems).toEqual([]);
  await page.context().close();
});

test('an unknown batch is said to be unknown, and so is what is no id', async () => {
  const { page, ...watched } = await openPage(browser);
  for (const id of ['01990000-0000-7000-8000-000000000000', 'nonsense', '<b>x</b>/../..']) {
    await page.goto(`${proxy.url}/view?batch=${encodeURIComponent(id)}`);
    await page.getByText('There is no such batch').waitFor();
    await page.getByText(id, { exact: true }).waitFor();
  }
  await watched.picture('unknown batch');
  // The id of a task leads to the task.
  await page.goto(`${proxy.url}/view?batch=${taskId}`);
  await page.getByRole('link', { name: 'Look for a task with this id' }).click();
  await page.getByText(EMOJI).first().waitFor();
  await page.context().close();
});

test('a batch without tasks says so', async () => {
  const empty = await stack.client.createBatch([]);
  const { page, problems } = await openPage(browser);
  await page.goto(`${proxy.url}/view?batch=${empty.batchId}`);
  await page.getByText('This batch has no tasks').waitFor();
  expect(problems).toEqual([]);
  await page.context().close();
});

test('a batch that nobody looks at holds no connection, and goes on when it is looked at', async () => {
  const { page, problems } = await openPage(browser);
  const turn = (hidden: boolean) =>
    page.evaluate(`{
      Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
      document.dispatchEvent(new Event('visibilitychange'));
    }`);
  const opened = () => page.waitForRequest(/\/events$/);
  const [first] = await Promise.all([opened(), page.goto(`${proxy.url}/view?batch=${batchId}`)]);
  await page.getByText('live', { exact: true }).waitFor();
  const closed = page.waitForEvent('requestfailed', (request) => request === first);
  await turn(true);
  await closed;
  await Promise.all([opened(), turn(false)]);
  await page.getByText('live', { exact: true }).waitFor();
  expect(problems).toEqual([]);
  await page.context().close();
});

describe('an API that goes away and comes back', () => {
  let target: string;
  beforeEach(() => {
    target = proxy.target;
  });
  afterEach(() => {
    proxy.target = target;
  });
  /** What is connected is cut off, and what comes next finds nobody. */
  const leave = (): void => {
    proxy.target = 'http://127.0.0.1:1';
    proxy.cut();
  };

  test.each([
    ['the batches', () => '', () => stack.client.createBatch({ scope: 'made-meanwhile', tasks: [later()] })],
    ['a batch', () => `?batch=${batchId}`, () => stack.client.addProgress(taskId, { success: 4 })],
  ])('%s', async (name, query, change) => {
    const { page, ...watched } = await openPage(browser);
    await page.goto(`${proxy.url}/view${query()}`);
    const main = page.locator('main');
    if (name === 'a batch') await page.getByText('live', { exact: true }).waitFor();
    else await main.getByText('first').waitFor();

    leave();
    await page.getByText('The API is away').waitFor();
    await watched.picture(`away ${name}`);
    // What was read is still there.
    expect(await main.getByText(name === 'a batch' ? '0 of 3 tasks ended' : 'first').count()).toBeGreaterThan(
      0,
    );
    await change();

    proxy.target = target;
    await main
      .getByText(name === 'a batch' ? /4 successes/ : 'made-meanwhile')
      .first()
      .waitFor();
    await page.getByText('The API is away').waitFor({ state: 'detached' });
    await page.context().close();
  });

  test('a page that is opened meanwhile waits for it', async () => {
    const { page } = await openPage(browser);
    await page.goto(`${proxy.url}/view?batch=${batchId}`);
    await page.getByText('0 of 3 tasks ended').waitFor();
    leave();
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await page.getByText('Loading the batches').waitFor();
    await page.getByText('The API is away').waitFor();
    proxy.target = target;
    await page.getByText('first').waitFor();
    await page.context().close();
  });
});

const later = () => task({ id: 'x', kind: 'k', on_start: webhook(`${stack.receiver.url}/start`) });
