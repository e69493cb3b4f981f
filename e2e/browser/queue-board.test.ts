import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { openBrowser, openPage } from '../harness/browser.ts';
import { type Stack, startStack } from '../harness/stack.ts';

const TOKEN = 'a-token-for-the-board';

let stack: Stack;
let browser: Browser;
/** One more API process with the same queues, whose board is open. */
let openBoard: string;

beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 1, settings: { AUTH_TOKEN: TOKEN } });
  openBoard = (await stack.startApi({ QUEUE_BOARD_WRITABLE: '1' })).url;
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});

/** The page of a queue, for somebody who has signed in. */
async function openQueue(base: string, queue: string) {
  const watched = await openPage(browser);
  await watched.page.goto(`${base}/admin/queues/queue/${queue}`);
  await watched.page.getByLabel('Token').fill(TOKEN);
  await watched.page.getByRole('button', { name: 'Sign in' }).click();
  await watched.page.getByText('Completed').first().waitFor();
  return watched;
}
const menu = (page: Page) => page.locator('main button[aria-haspopup="menu"]');
const choose = async (page: Page, action: string) => {
  await menu(page).first().click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
  const confirm = page.getByRole('button', { name: 'Confirm' });
  await confirm.click();
  await confirm.waitFor({ state: 'detached' });
};
const isPaused = async () => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${openBoard}/admin/queues/api/queues`, { headers });
  const { queues } = (await answer.json()) as { queues: { name: string; isPaused: boolean }[] };
  return queues.find(({ name }) => name === 'webhook')!.isPaused;
};

// proves: http/bull-board-read-only
test('nothing on the board changes anything, unless a setting opens it', async () => {
  const { page, problems, ...watched } = await openQueue(stack.hostUrl, 'webhook');
  await watched.picture('queue read-only');
  expect(await menu(page).count()).toBe(0);
  expect(problems).toEqual([]);
  await page.context().close();
});

test('on an open board a queue is paused: notifications wait until it is resumed', async () => {
  const { page, problems, ...watched } = await openQueue(openBoard, 'webhook');
  await choose(page, 'Pause');
  await until('it is paused', isPaused);
  await watched.picture('queue paused');
  stack.receiver.behave((call) => {
    if (call.trigger === 'start') void stack.client.reportSuccess(call.taskId!);
  });
  const to = (path: string) => webhook(`${stack.receiver.url}/${path}`);
  const { batchId, tasks } = await stack.client.createBatch([
    task({ id: 'a', kind: 'k', on_start: to('start'), on_success: [to('told')] }),
  ]);
  await stack.client.waitForBatch(batchId, { pollMs: 50 });
  const [delivery] = await stack.client.listDeliveries();
  expect(delivery).toMatchObject({ task_id: tasks[0]!.id, status: 'Pending', attempts: 0 });
  await choose(page, 'Resume');
  await until('it is told', async () => stack.receiver.callsOf(tasks[0]!.id, 'end').length === 1);
  expect(await isPaused()).toBe(false);
  expect(problems).toEqual([]);
  await page.context().close();
});
