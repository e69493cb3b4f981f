import { type Delivery, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, openPage } from '../harness/browser.ts';
import { lookAt } from '../harness/page-looks.ts';
import { type Stack, startStack } from '../harness/stack.ts';

const EXHAUSTED = 4;

let stack: Stack;
let browser: Browser;
let first: { batchId: string; taskId: string };
let isMended = false;

beforeAll(async () => {
  stack = await startStack({
    apis: 1,
    workers: 1,
    settings: { WEBHOOK_MAX_ATTEMPTS: '1', PAGINATION_DEFAULT: '20' },
  });
  browser = await openBrowser();
  stack.receiver.behave((call) => {
    if (call.target.startsWith('/start')) void call.handle.success();
    return call.target.startsWith('/never') && !isMended ? { status: 500 } : undefined;
  });
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});

const to = (path: string) => webhook(`${stack.receiver.url}/${path}`);

/** A batch whose tasks tell of their success, `count` times, at `path`. */
async function tell(count: number, path: string) {
  const tasks = Array.from({ length: count }, (_, n) =>
    task({ id: `${path}-${n}`, kind: 'etl', on_start: to('start'), on_success: [to(path)] }),
  );
  const created = await stack.client.createBatch({ tasks, on_batch_complete: [to('complete')] });
  await stack.client.waitForBatch(created.batchId, { pollMs: 50 });
  return created;
}
const countIn = async (status: Delivery['status']) =>
  (await stack.client.listDeliveries({ status, page_size: 100 })).length;

async function open(query = '') {
  const watched = await openPage(browser);
  await watched.page.goto(`${stack.hostUrl}/view?page=deliveries${query}`);
  await watched.page.getByRole('heading', { name: 'Deliveries' }).waitFor();
  return watched;
}

test('an empty ledger says where its rows come from', async () => {
  const { page, problems, ...watched } = await open();
  await page.getByText('No notification has been sent yet').waitFor();
  await watched.picture('deliveries empty');
  expect(problems).toEqual([]);
  await page.context().close();
});

test('the exhausted ones come first, whatever came after them', async () => {
  const failing = await tell(EXHAUSTED, 'never');
  first = { batchId: failing.batchId, taskId: failing.tasks[0]!.id };
  await until('they are given up', async () => (await countIn('Exhausted')) === EXHAUSTED);
  await tell(30, 'fine');
  await until('all others are delivered', async () => (await countIn('Pending')) === 0);

  const { page, problems, ...watched } = await open();
  const exhausted = page.getByRole('table', { name: 'Exhausted deliveries' });
  await exhausted.getByText('Exhausted').first().waitFor();
  expect(await exhausted.getByRole('row').count()).toBe(EXHAUSTED + 1);
  expect(await exhausted.getByText(/500/).count()).toBe(EXHAUSTED);
  const others = page.getByRole('table', { name: 'Deliveries', exact: true });
  // Those at the top are the last that were delivered, in no order that could be known.
  await others.getByText('Success').first().waitFor();
  expect(await others.getByText('Exhausted').count()).toBe(0);
  await lookAt({ page, problems, ...watched }, 'deliveries');

  await page.getByRole('link', { name: 'Older' }).click();
  await page.waitForURL(/after=/);
  await page.getByRole('link', { name: 'Newest' }).waitFor();
  await page.goBack();
  await exhausted.waitFor();
  expect(problems).toEqual([]);
  await page.context().close();
});

test('the address holds the filters', async () => {
  const { page, problems } = await open();
  await page.keyboard.press('/');
  await page.keyboard.type(first.taskId);
  await page.keyboard.press('Enter');
  await page.waitForURL(new RegExp(`of_task=${first.taskId}`));
  const exhausted = page.getByRole('table', { name: 'Exhausted deliveries' });
  await expect.poll(() => exhausted.getByRole('row').count()).toBe(2);
  await page.getByLabel('Status').selectOption('Success');
  await page.getByText('Nothing here is like that.').waitFor();
  await page.reload();
  await page.getByText('Nothing here is like that.').waitFor();
  expect(await page.getByLabel('Id of a task').inputValue()).toBe(first.taskId);
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect.poll(() => exhausted.getByRole('row').count()).toBe(EXHAUSTED + 1);
  expect(problems).toEqual([]);

  await page.getByLabel('Id of a task').fill('nonsense');
  await page.keyboard.press('Enter');
  await page.getByText(/task_id: /).waitFor();
  await page.context().close();
});

test('retry now: one, and then all that a filter finds', async () => {
  isMended = true;
  const { page, problems, ...watched } = await open(`&of_batch=${first.batchId}`);
  const exhausted = page.getByRole('table', { name: 'Exhausted deliveries' });
  await exhausted.getByRole('button', { name: 'Retry now' }).first().click();
  await page.getByText('It is due again, with fresh attempts').waitFor();
  await expect.poll(() => exhausted.getByRole('row').count()).toBe(EXHAUSTED);

  await page.getByRole('button', { name: `Retry ${EXHAUSTED - 1} exhausted` }).click();
  await page.getByText(`of batch ${first.batchId}`).waitFor();
  await watched.picture('deliveries retry');
  await page.getByRole('button', { name: 'Retry all' }).click();
  await page.getByText(`${EXHAUSTED - 1} deliveries due again, with fresh attempts`).waitFor();
  await exhausted.waitFor({ state: 'detached' });
  await until('they are delivered', async () => (await countIn('Success')) === 30 + EXHAUSTED + 2);
  await watched.picture('deliveries retried');
  expect(problems).toEqual([]);
  await page.context().close();
});
