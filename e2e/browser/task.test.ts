import { type NewTask, type Rule, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser, openPage } from '../harness/browser.ts';
import { lookAt } from '../harness/page-looks.ts';
import { type Stack, startStack } from '../harness/stack.ts';

const HOSTILE = '<img src=x onerror="document.title=\'run\'"> & <b>bold</b>';
const UNKNOWN = '0190c2a5-0000-7000-8000-000000000001';

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  stack = await startStack({
    apis: 1,
    workers: 1,
    settings: { WEBHOOK_MAX_ATTEMPTS: '1', CIRCUIT_BREAKER_FAILURE_THRESHOLD: '1' },
  });
  browser = await openBrowser();
  stack.receiver.behave((call) => (call.target.startsWith('/never') ? { status: 503 } : undefined));
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});

const to = (path: string, headers?: Record<string, string>) =>
  webhook(`${stack.receiver.url}/${path}`, headers === undefined ? {} : { headers });
const aTask = (id: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: 'etl', on_start: to('hang'), ...rest });

/** Creates tasks; their ids, in the order of the request. */
async function create(tasks: readonly NewTask[]): Promise<string[]> {
  return (await stack.client.createBatch(tasks)).tasks.map(({ id }) => id);
}
const untilIn = (id: string, status: string) =>
  until(`it is ${status}`, async () => (await stack.client.getTask(id)).status === status);

async function open(id: string) {
  const watched = await openPage(browser);
  await watched.page.goto(`${stack.hostUrl}/view?task=${id}`);
  await watched.page.getByRole('heading', { level: 1 }).waitFor();
  return watched;
}
const statusOf = (page: Page) => page.locator('.task-title .status');
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

describe('a task', () => {
  test('everything of it, digit for digit, with secrets hidden until they are asked for', async () => {
    const body = JSON.stringify([
      aTask('a', {
        name: HOSTILE,
        expected_count: 10,
        priority: 7,
        on_start: webhook(`${stack.receiver.url}/hang`, {
          headers: { authorization: 'Bearer s3cret' },
          body: { run: 'nightly' },
        }),
        on_failure: [to('never')],
        rules: [
          {
            type: 'Concurency',
            max_concurency: 3,
            matcher: { status: 'Running', kind: 'etl', fields: ['account'] },
          },
        ],
        metadata: { account: 'BIG', __proto: 'x' },
      }),
    ]).replace('"BIG"', '9007199254740993');
    const created = await fetch(`${stack.hostUrl}/task`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const [{ id, batch_id: batchId }] = (await created.json()) as [{ id: string; batch_id: string }];
    await untilIn(id, 'Running');
    await stack.client.addProgress(id, { success: 3, failures: 1 });

    const { page, problems, ...watched } = await open(id);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(HOSTILE);
    await page.getByText('"account": 9007199254740993').waitFor();
    await page.getByText('At most 3 running tasks of kind etl with the same account').waitFor();
    await page.getByText('40 % of 10').waitFor();
    await page.getByText('"run": "nightly"').waitFor();
    await page.getByText(/^It runs since/).waitFor();
    expect(await page.locator('html').textContent()).not.toContain('s3cret');
    await lookAt({ page, problems, ...watched }, 'task');
    await page.getByRole('button', { name: 'Show values of the headers of on_start' }).click();
    await page.getByText('Bearer s3cret').waitFor();
    await page.getByRole('button', { name: 'Hide values of the headers of on_start' }).click();
    await page.getByText('Bearer s3cret').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: batchId }).waitFor();

    // Its end is seen without loading the page, with what it told whom.
    await stack.client.reportFailure(id, 'the disk is full');
    await page.getByText('the disk is full').waitFor();
    await statusOf(page).getByText('Failure').waitFor();
    const row = page.getByRole('table', { name: 'Deliveries of this task' }).getByRole('row').nth(1);
    await row.getByText('Exhausted').waitFor();
    await row.getByText('on_failure').waitFor();
    expect(await row.textContent()).toContain('503');
    await watched.picture('task failed');

    stack.receiver.behave(() => undefined);
    await row.getByRole('button', { name: 'Retry now' }).click();
    await page.getByText('It is due again, with fresh attempts').waitFor();
    await row.getByText('Success').waitFor();
    expect(await page.title()).not.toBe('run');
    expect(await page.locator('#page b, #page img').count()).toBe(0);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('that is unknown, and an id that is none', async () => {
    for (const id of [UNKNOWN, 'nonsense']) {
      const { page, ...watched } = await open(id);
      await page.getByRole('alert').waitFor();
      await page.getByText('Check the id').waitFor();
      await watched.picture('task unknown');
      await page.context().close();
    }
  });
});

describe('why it has not started', () => {
  test('a parent, by its name, until it has ended', async () => {
    const [parent, child] = await create([
      aTask('parent'),
      aTask('child', { dependencies: [{ id: 'parent', requires_success: true }] }),
    ]);
    await untilIn(parent!, 'Running');
    const { page, problems, ...watched } = await open(child!);
    const why = page.getByRole('region', { name: 'Why it has not started' });
    await why.getByRole('link', { name: 'parent' }).waitFor();
    await why.getByText('must succeed').waitFor();
    await watched.picture('task waiting');
    await stack.client.reportSuccess(parent!);
    await statusOf(page).getByText('Running').waitFor();
    await why.waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('a full rule, with those that hold it and the place in the queue', async () => {
    const rule: Rule = {
      type: 'Concurency',
      max_concurency: 1,
      matcher: { status: 'Running', kind: 'alone', fields: [] },
    };
    const alone = { kind: 'alone', rules: [rule] };
    const [holder, , last] = await create([
      aTask('first', alone),
      aTask('second', alone),
      aTask('third', alone),
    ]);
    await untilIn(holder!, 'Running');
    const { page, problems, ...watched } = await open(last!);
    const why = page.getByRole('region', { name: 'Why it has not started' });
    await why.getByText('A rule is full: At most 1 running task of kind alone').waitFor();
    await why.getByText('1 of 1').waitFor();
    await why.getByText('It is number 2 in the queue').waitFor();
    await lookAt({ page, problems, ...watched }, 'task blocked');
    await why.getByRole('link', { name: 'first' }).click();
    await page.waitForURL(new RegExp(`task=${holder}`));
    await page.getByRole('heading', { level: 1, name: 'first' }).waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

describe('why it has not started: what only somebody outside can mend', () => {
  test('metadata that lacks what a rule looks at', async () => {
    const rule: Rule = {
      type: 'Concurency',
      max_concurency: 1,
      matcher: { status: 'Running', kind: 'etl', fields: ['tenant'] },
    };
    const [id] = await create([aTask('lacking', { rules: [rule], metadata: { other: 1 } })]);
    const { page, problems } = await open(id!);
    const why = page.getByRole('region', { name: 'Why it has not started' });
    await why.getByText('Its metadata lacks tenant, which a rule looks at').waitFor();
    await stack.client.updateTask(id!, { metadata: { tenant: 'north' } });
    await statusOf(page).getByText('Running').waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('a receiver that does not answer', async () => {
    const dead = { on_start: webhook('http://127.0.0.1:9/') };
    const [first] = await create([aTask('unlucky', dead)]);
    await untilIn(first!, 'Failure');
    const [second] = await create([aTask('held', dead)]);
    const { page, problems, ...watched } = await open(second!);
    const why = page.getByRole('region', { name: 'Why it has not started' });
    await why.getByText('http://127.0.0.1:9 does not answer, so it is not called.').waitFor();
    await why.getByText(/One call tries again in \d+ s/).waitFor();
    await watched.picture('task held by its receiver');
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

describe('what can be done', () => {
  test('pause, resume and cancel, each after a question', async () => {
    const [parent, child] = await create([
      aTask('up'),
      aTask('down', { dependencies: [{ id: 'up', requires_success: true }] }),
    ]);
    await untilIn(parent!, 'Running');
    const { page, problems, ...watched } = await open(child!);
    await press(page, 'Pause');
    const question = page.getByRole('alertdialog');
    await question.getByText('Pause the task?').waitFor();
    await press(page, 'Go back');
    await question.waitFor({ state: 'detached' });
    expect((await stack.client.getTask(child!)).status).toBe('Waiting');

    await page.keyboard.press('p');
    await press(page, 'Pause the task');
    await page.getByText('The task is paused').waitFor();
    await statusOf(page).getByText('Paused').waitFor();
    await page.getByText('It is paused, until somebody resumes it').waitFor();
    await page.keyboard.press('r');
    await press(page, 'Resume the task');
    await page.getByText('The task is resumed').waitFor();
    await statusOf(page).getByText('Waiting').waitFor();

    await press(page, 'Cancel');
    await question.waitFor();
    await watched.picture('task cancel');
    await press(page, 'Cancel the task');
    await page.getByText('The task is canceled').waitFor();
    await statusOf(page).getByText('Canceled').waitFor();
    expect((await stack.client.getTask(child!)).status).toBe('Canceled');
    await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('when it is too late, a toast says so and what to do', async () => {
    const [id] = await create([aTask('late')]);
    await untilIn(id!, 'Running');
    const { page, ...watched } = await open(id!);
    await press(page, 'Cancel');
    await page.getByRole('alertdialog').waitFor();
    await stack.client.reportSuccess(id!);
    await statusOf(page).getByText('Success').waitFor();
    await press(page, 'Cancel the task');
    const toast = page.locator('.toast[data-type="error"]');
    await toast
      .getByText(/Success/)
      .first()
      .waitFor();
    await page.getByRole('region', { name: 'What it is doing' }).waitFor({ state: 'detached' });
    await watched.picture('task too late');
    expect((await stack.client.getTask(id!)).status).toBe('Success');
    await page.context().close();
  });
});
