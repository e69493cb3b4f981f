import { task, webhook } from '@arcrun/client';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, openPage, type WatchedPage } from '../harness/browser.ts';
import { type Stack, startStack } from '../harness/stack.ts';
import { startStrippingProxy, type StrippingProxy } from '../harness/stripping-proxy.ts';

const TOKEN = 'a-token-for-the-browser';
const PHONE = { width: 390, height: 844 };

let stack: Stack;
let browser: Browser;
let proxy: StrippingProxy;
let batchId: string;

beforeAll(async () => {
  proxy = await startStrippingProxy('/arcrun');
  const settings = { HOST_URL: proxy.url, AUTH_TOKEN: `${TOKEN},another-token-of-the-same` };
  stack = await startStack({ apis: 1, workers: 1, settings });
  proxy.target = stack.apis[0]!.url;
  browser = await openBrowser();
  const start = webhook(`${stack.receiver.url}/start`);
  const tasks = [task({ id: 'a', name: 'the only one', kind: 'k', on_start: start })];
  batchId = (await stack.client.createBatch({ tasks })).batchId;
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
  await proxy?.close();
});

async function giveToken(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** A page of a browser that has signed in. */
async function openSignedIn(path: string): Promise<WatchedPage> {
  const watched = await openPage(browser);
  await watched.page.goto(proxy.url + path);
  await giveToken(watched.page, TOKEN);
  return watched;
}

// proves: settings/sign-in-pages
test('who is not signed in signs in first, and then sees what was asked for', async () => {
  const { page, problems, ...watched } = await openPage(browser);
  await page.goto(`${proxy.url}/view?batch=${batchId}`);
  expect(page.url()).toContain(`${proxy.url}/sign-in?to=`);
  expect(await page.evaluate('document.activeElement.id')).toBe('token');
  await watched.picture('sign-in');
  expect(problems).toEqual([]);
  await giveToken(page, 'not-a-token');
  await page.getByRole('alert').waitFor();
  await page.emulateMedia({ colorScheme: 'dark' });
  await watched.picture('sign-in wrong');
  const before = problems.length;
  await giveToken(page, TOKEN);
  await page.locator('[data-drawn="1"]').waitFor();
  expect(page.url()).toBe(`${proxy.url}/view?batch=${batchId}`);
  await watched.picture('signed-in batch');
  expect(problems.slice(before)).toEqual([]);
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ path: '/arcrun', httpOnly: true, sameSite: 'Strict', secure: false });
  await page.context().close();
});

// proves: settings/sign-in-pages, settings/sign-in-origin
test('Swagger UI reads and changes', async () => {
  const { page, problems } = await openSignedIn('/swagger-ui/');
  await page.getByText('Stops a batch').click();
  await page.getByRole('button', { name: 'Try it out' }).click();
  await page.getByPlaceholder('id', { exact: true }).fill(batchId);
  await page.getByRole('button', { name: 'Execute' }).click();
  await page.locator('.live-responses-table').getByText('already_terminal').first().waitFor();
  expect(problems).toEqual([]);
  await page.context().close();
});

// proves: settings/sign-in-pages
test('Bull Board works', async () => {
  const { page, problems } = await openSignedIn('/admin/queues');
  await page.getByRole('link', { name: 'webhook' }).first().click();
  await page.waitForURL(/queue\/webhook/);
  await page.getByText('Completed').first().waitFor();
  await page.reload();
  await page.getByText('Completed').first().waitFor();
  expect(problems).toEqual([]);
  await page.context().close();
});

test('a link on a foreign page leads who is signed in straight there', async () => {
  const { page, problems } = await openSignedIn('/view');
  await page.getByText(batchId.slice(0, 8)).waitFor();
  const target = `${proxy.url}/view?batch=${batchId}`;
  await page.route('http://foreign.example/', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<a href="${target}">look</a>` }),
  );
  const follow = async () => {
    await page.goto('http://foreign.example/');
    await page.getByRole('link', { name: 'look' }).click();
  };
  await follow();
  await page.locator('[data-drawn="1"]').waitFor();
  expect(page.url()).toBe(target);
  expect(problems).toEqual([]);

  // Without a session there is one step more, and no end of them.
  await page.context().clearCookies();
  await follow();
  await giveToken(page, TOKEN);
  await page.locator('[data-drawn="1"]').waitFor();
  await page.context().close();
});

test('signing out ends it, and a page that is still open leads to the sign-in page', async () => {
  const { page, problems } = await openSignedIn('/view');
  const second = await page.context().newPage();
  await second.goto(`${proxy.url}/view`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${proxy.url}/sign-in`);
  await page.getByLabel('Token').waitFor();
  await second.waitForURL(/\/sign-in\?to=view$/);
  await page.goto(`${proxy.url}/view`);
  expect(page.url()).toContain('/sign-in?to=view');
  expect(problems).toEqual([]);
  await page.context().close();
});

test('on a phone nothing is wider than the screen', async () => {
  const { page, ...watched } = await openPage(browser, PHONE);
  const width = () => page.evaluate('document.documentElement.scrollWidth');
  await page.goto(`${proxy.url}/view`);
  await watched.picture('sign-in phone');
  expect(await width()).toBe(PHONE.width);
  await giveToken(page, TOKEN);
  await page.getByText(batchId.slice(0, 8)).waitFor();
  await watched.picture('signed-in batches phone');
  expect(await width()).toBe(PHONE.width);
  await page.goto(`${proxy.url}/sign-in`);
  await page.getByText('You are signed in').waitFor();
  await watched.picture('signed-in phone');
  await page.context().close();
});
