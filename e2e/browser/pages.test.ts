import { task, webhook } from '@arcrun/client';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser, openPage } from '../harness/browser.ts';
import { type Stack, startStack } from '../harness/stack.ts';
import { startStrippingProxy, type StrippingProxy } from '../harness/stripping-proxy.ts';

const HOSTILE = '<img src=x onerror="document.title=\'run\'"><script>document.title="run"</script>';
const PHONE = { width: 390, height: 844 };

let stack: Stack;
let browser: Browser;
let proxy: StrippingProxy;
let batchId: string;

beforeAll(async () => {
  proxy = await startStrippingProxy('/arcrun');
  // The first API is at HOST_URL's port only when that is its own; here it is the proxy's.
  stack = await startStack({ apis: 1, workers: 1, settings: { HOST_URL: proxy.url } });
  proxy.target = stack.apis[0]!.url;
  browser = await openBrowser();
  const start = webhook(`${stack.receiver.url}/start`);
  const created = await stack.client.createBatch({
    scope: HOSTILE,
    tasks: [
      task({ id: 'a', name: HOSTILE, kind: 'hostile & <b>bold</b>', on_start: start }),
      task({
        id: 'b',
        name: 'after',
        kind: 'plain',
        on_start: start,
        dependencies: [{ id: 'a', requires_success: true }],
      }),
    ],
  });
  batchId = created.batchId;
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
  await proxy?.close();
});

const places = [
  ['at the root', () => stack.apis[0]!.url],
  ['behind a proxy that strips a path', () => proxy.url],
] as const;

describe.each(places)('%s', (place, base) => {
  const picture = (name: string) => `${name} ${place.split(' ', 1)[0]}`;

  test('the list of batches', async () => {
    const { page, problems, ...watched } = await openPage(browser);
    await page.goto(`${base()}/view`);
    await page.getByText(HOSTILE).first().waitFor();
    expect(await page.locator('main img, main script, main b').count()).toBe(0);
    await watched.picture(picture('batches'));
    expect(await page.title()).not.toBe('run');
    expect(problems).toEqual([]);
    await page.context().close();
  });

  // proves: settings/relative-pages
  test('a batch: names with HTML in them are shown and not run', async () => {
    const { page, problems, ...watched } = await openPage(browser);
    await page.goto(`${base()}/view?batch=${batchId}`);
    await page.locator('[data-drawn]').waitFor();
    await page.getByLabel('Find a task').fill('hostile');
    await page.getByRole('option', { name: HOSTILE }).click();
    await page.getByRole('complementary').getByRole('heading', { name: HOSTILE }).waitFor();
    await page.getByRole('heading', { level: 1, name: HOSTILE }).waitFor();
    await page.getByText('hostile & <b>bold</b>').first().waitFor();
    await watched.picture(picture('batch'));
    expect(await page.title()).not.toBe('run');
    expect(await page.locator('main img, main script, main b').count()).toBe(0);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('Swagger UI', async () => {
    const { page, problems, ...watched } = await openPage(browser);
    await page.goto(`${base()}/swagger-ui`);
    await page.getByText('Creates a batch, all or nothing').waitFor();
    await page.getByText('Creates a batch, all or nothing').click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    await watched.picture(picture('swagger'));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('a call tried out in Swagger UI arrives', async () => {
    const { page, problems } = await openPage(browser);
    await page.goto(`${base()}/swagger-ui/#/batches/getBatch`);
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByPlaceholder('id', { exact: true }).fill(batchId);
    await page.getByRole('button', { name: 'Execute' }).click();
    await page.locator('.live-responses-table').getByText('total_tasks').first().waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

test('Bull Board', async () => {
  const { page, problems, ...watched } = await openPage(browser);
  await page.goto(`${proxy.url}/admin/queues`);
  for (const queue of ['start', 'timeout', 'propagation', 'webhook'])
    await page.getByRole('link', { name: queue }).first().waitFor();
  await page.getByText('Loading').waitFor({ state: 'detached' });
  await watched.picture('queues');
  await page.getByRole('link', { name: 'webhook' }).first().click();
  await page.waitForURL(/queue\/webhook/);
  await page.getByText('Completed').first().waitFor();
  await watched.picture('queue');
  expect(problems).toEqual([]);
  await page.context().close();
});

test.each([
  ['batches', () => `${proxy.url}/view`],
  ['batch', () => `${proxy.url}/view?batch=${batchId}`],
])('on a phone nothing of the page is wider than the screen: %s', async (name, url) => {
  const { page, ...watched } = await openPage(browser, PHONE);
  await page.goto(url());
  await page.getByText(batchId.slice(0, 8)).first().waitFor();
  await watched.picture(`${name} phone`);
  const width = await page.evaluate('document.documentElement.scrollWidth');
  expect(width).toBeLessThanOrEqual(PHONE.width);
  await page.context().close();
});
