import {
  concurrency,
  matcher,
  type NewTask,
  type RetryPolicy,
  type Task,
  task,
  webhook,
} from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { slowness } from '../harness/machine-speed.ts';
import { untilRunning, type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ apis: 2, workers: 2, settings: { WEBHOOK_RETRY_BACKOFF_BASE_SECS: '0' } });
});
afterAll(() => stack.close());
afterEach(() => {
  expect(stack.receiver.errors).toEqual([]);
  stack.receiver.behave(() => undefined);
  stack.receiver.forget();
});

const url = (path: string) => `${stack.receiver.url}${path}`;
const AT_ONCE: Partial<RetryPolicy> = { max_attempts: 3, backoff_secs: 0, jitter: false };
const aTask = (rest: Partial<NewTask> = {}): NewTask =>
  task({ id: 'a', kind: 'retried', on_start: webhook(url('/start')), retry: AT_ONCE, ...rest });
const create = async (rest: Partial<NewTask> = {}): Promise<string> =>
  (await stack.client.createBatch([aTask(rest)])).tasks[0]!.id;
const ended = async (id: string): Promise<Task> => {
  await until('it has ended', async () => (await stack.client.getTask(id)).ended_at !== null);
  return stack.client.getTask(id);
};
const startsOf = (id: string) => stack.receiver.callsOf(id, 'start');
const attemptOf = (headers: object): unknown => (headers as Record<string, unknown>)['x-task-attempt'];

// proves: lifecycle/retry, webhooks/retry-keys, http/task-attempts
test('a task that fails is called again, until it succeeds; only that is told', async () => {
  stack.receiver.behave(async (call) => {
    if (call.trigger !== 'start' || call.target.startsWith('/child')) return;
    const attempt = Number(attemptOf(call.headers));
    await call.handle.progress({ success: attempt });
    if (attempt < 3) await call.handle.fail(`not yet ${attempt}`);
    else await call.handle.success();
  });
  const { batchId, tasks } = await stack.client.createBatch([
    aTask({ on_success: [webhook(url('/good'))], on_failure: [webhook(url('/bad'))] }),
    task({ id: 'b', kind: 'after', on_start: webhook(url('/child')), dependencies: ['a'] }),
  ]);
  const id = tasks[0]!.id;
  expect(tasks[0]).toMatchObject({ attempt: 1, max_attempts: 3 });
  const shown = await ended(id);
  expect(shown).toMatchObject({
    ...{
      status: 'Success',
      attempt: 3,
      success: 3,
      failures: 0,
      failure_reason: null,
      next_attempt_at: null,
    },
    retry: { ...AT_ONCE, backoff_factor: 2, max_backoff_secs: 300, on: ['failure', 'timeout', 'start'] },
    attempts: [
      { attempt: 1, status: 'Failure', failure_reason: 'not yet 1', success: 1 },
      { attempt: 2, status: 'Failure', failure_reason: 'not yet 2', success: 2 },
      { attempt: 3, status: 'Success', failure_reason: null, success: 3 },
    ],
  });
  const starts = startsOf(id);
  expect(starts.map(({ headers }) => [attemptOf(headers), headers['idempotency-key']])).toEqual([
    ['1', `${id}:start`],
    ['2', `${id}:start:attempt:2`],
    ['3', `${id}:start:attempt:3`],
  ]);
  expect(starts.map(({ handleUrl }) => handleUrl?.split('/task/')[1])).toEqual(
    [1, 2, 3].map((attempt) => `${id}?attempt=${attempt}`),
  );
  await until('it is told', async () => stack.receiver.callsOf(id, 'end').length > 0);
  await until('its child runs', async () => startsOf(tasks[1]!.id).length > 0);
  expect(stack.receiver.callsOf(id, 'end').map(({ headers }) => headers['idempotency-key'])).toEqual([
    `${id}:end:success`,
  ]);
  await stack.client.stopBatch(batchId);
});

// proves: lifecycle/retry-exhausted, http/patch-not-retryable
test('it fails with its last attempt, or with one that is final', async () => {
  stack.receiver.behave(async (call) => {
    if (call.trigger === 'start') await call.handle.fail('broken');
  });
  const exhausted = await ended(await create({ on_failure: [webhook(url('/bad'))] }));
  expect(exhausted).toMatchObject({ status: 'Failure', attempt: 3, failure_reason: 'broken' });
  await until('it is told', async () => stack.receiver.callsOf(exhausted.id, 'end').length > 0);
  stack.receiver.behave(async (call) => {
    if (call.trigger !== 'start') return;
    const body = JSON.stringify({ status: 'Failure', failure_reason: 'final', retryable: false });
    const answer = await fetch(call.handleUrl!, {
      method: 'PATCH',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(await answer.json()).toMatchObject({ status: 'Failure' });
  });
  expect(await ended(await create())).toMatchObject({
    status: 'Failure',
    attempt: 1,
    failure_reason: 'final',
  });
});

// proves: lifecycle/retry-causes
test('what its policy does not name is not tried again: timeouts, failed calls, reports', async () => {
  stack.receiver.behave(({ trigger }) => (trigger === 'start' ? { status: 503 } : undefined));
  expect(await ended(await create())).toMatchObject({ status: 'Failure', attempt: 3 });
  const once = await ended(await create({ retry: { ...AT_ONCE, on: ['failure', 'timeout'] } }));
  expect(once).toMatchObject({ status: 'Failure', attempt: 1 });
  stack.receiver.behave(() => undefined);
  const silent = { timeout: 1, retry: { ...AT_ONCE, max_attempts: 2 } };
  const timedOut = await ended(await create(silent));
  expect(timedOut).toMatchObject({ status: 'Failure', attempt: 2, failure_reason: 'Timeout' });
  expect(startsOf(timedOut.id)).toHaveLength(2);
});

describe('what an attempt says that is over', () => {
  // proves: http/attempt-fenced
  test('is refused with the current attempt, and its progress dropped', async () => {
    const id = await create();
    await untilRunning(stack.client, id);
    const [first] = startsOf(id);
    await first!.handle.fail('broken');
    await until('it is called again', async () => startsOf(id).length === 2);
    await untilRunning(stack.client, id);
    for (const end of [
      () => first!.handle.success(),
      () => first!.handle.fail('again'),
      () => first!.handle.alive(),
    ])
      await expect(end()).rejects.toMatchObject({
        status: 409,
        body: { current_attempt: 2, current_status: 'Running' },
      });
    await first!.handle.progress({ success: 5 });
    expect(await stack.client.getTask(id)).toMatchObject({ status: 'Running', attempt: 2, success: 0 });
    // Without an attempt the current one is meant.
    await stack.client.addProgress(id, { success: 2 });
    await stack.client.reportSuccess(id);
    expect(await stack.client.getTask(id)).toMatchObject({ status: 'Success', success: 2 });
    await expect(first!.handle.success()).rejects.toMatchObject({
      status: 409,
      body: { current_attempt: 2 },
    });
  });

  // proves: http/attempt-bad
  test.each(['0', 'x', '1.5', '-1', '', '1&attempt=2', '123456'])('?attempt=%s is 400', async (attempt) => {
    const id = await create();
    for (const [method, body] of [
      ['PATCH', { priority: 1 }],
      ['PUT', { new_success: 1 }],
    ] as const) {
      const answer = await fetch(`${stack.apis[0]!.url}/task/${id}?attempt=${attempt}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ details: [expect.stringMatching(/^attempt: /)] });
    }
    await stack.client.cancelTask(id);
  });
});

describe('between two attempts', () => {
  const A_MINUTE: Partial<RetryPolicy> = { max_attempts: 2, backoff_secs: 60, jitter: false };
  const inBackoff = async (rest: Partial<NewTask> = {}): Promise<string> => {
    const id = await create({ retry: A_MINUTE, ...rest });
    await untilRunning(stack.client, id);
    await stack.client.reportFailure(id, 'broken');
    return id;
  };

  // proves: http/explain-retry, http/task-attempts
  test('a task says when it goes on, and why it waits', async () => {
    const id = await inBackoff();
    const shown = await stack.client.getTask(id);
    expect(shown).toMatchObject({
      status: 'Pending',
      attempt: 2,
      failure_reason: 'broken',
      started_at: null,
    });
    const leftMs = Date.parse(shown.next_attempt_at!) - Date.now();
    expect(leftMs).toBeGreaterThan(40_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
    const { waiting_for: waitingFor, frees } = await stack.client.explainTask(id);
    expect(waitingFor).toEqual([
      {
        ...{ type: 'retry', attempt: 2, max_attempts: 2, failure_reason: 'broken' },
        next_attempt_at: shown.next_attempt_at,
      },
    ]);
    expect(frees).toBe(`It starts when attempt 2 of 2 is due at ${shown.next_attempt_at} (broken)`);
    await stack.client.cancelTask(id);
    expect(await stack.client.getTask(id)).toMatchObject({ status: 'Canceled', next_attempt_at: null });
  });

  // proves: lifecycle/retry-place
  test('it holds no place: another starts in its stead', async () => {
    const rule = concurrency(1, matcher('alone'));
    const id = await inBackoff({ kind: 'alone', rules: [rule] });
    const other = await create({ kind: 'alone', rules: [rule] });
    await untilRunning(stack.client, other);
    for (const each of [id, other]) await stack.client.cancelTask(each);
  });
});

/** On a machine of the usual speed. */
const LATE_MS = 50;

// proves: lifecycle/retry-on-time
test('the next attempt comes within 50 ms of its time, and not before', async () => {
  const rounds = 15;
  const dueMs: number[] = [];
  const cameMs: number[] = [];
  stack.receiver.behave((call) => {
    if (call.trigger !== 'start') return;
    cameMs.push(Date.now());
    if (cameMs.length > rounds) {
      void call.handle.success();
      return;
    }
    void (async () => {
      await untilRunning(stack.client, call.taskId!);
      await call.handle.fail('not yet');
      dueMs.push(Date.parse((await stack.client.getTask(call.taskId!)).next_attempt_at!));
    })();
  });
  const policy = { max_attempts: 100, backoff_secs: 0.5, backoff_factor: 1, jitter: false };
  await ended(await create({ retry: policy }));
  const late = dueMs.map((due, round) => cameMs[round + 1]! - due).toSorted((a, b) => a - b);
  expect(late).toHaveLength(rounds);
  console.log(`attempts came ${late.map((ms) => Math.round(ms)).join(', ')} ms after their time`);
  // The clock of the database has microseconds, ours milliseconds.
  expect(late[0]).toBeGreaterThanOrEqual(-1);
  expect(late[rounds >> 1]).toBeLessThan(LATE_MS * slowness());
});

// proves: metrics/task-retries-total
test('retries are counted by kind and cause', async () => {
  const count = async (cause: string): Promise<number> => {
    const texts = await Promise.all(
      [...stack.apis, ...stack.workers].map(async (each) => (await fetch(`${each.url}/metrics`)).text()),
    );
    const line = new RegExp(`^task_retries_total\\{kind="counted",cause="${cause}"\\} (\\d+)$`, 'gm');
    return texts.flatMap((text) => [...text.matchAll(line)]).reduce((sum, [, n]) => sum + Number(n), 0);
  };
  stack.receiver.behave(async (call) => {
    const isFirst = call.trigger === 'start' && attemptOf(call.headers) === '1';
    if (isFirst && call.target.includes('reported')) await call.handle.fail('broken');
    return { status: isFirst && call.target.includes('refused') ? 500 : 200 };
  });
  const ways = ['refused', 'reported', 'silent'];
  const ids = await Promise.all(
    ways.map((way) => create({ kind: 'counted', timeout: 1, on_start: webhook(url(`/${way}`)) })),
  );
  for (const id of ids)
    await until('it was tried again', async () => (await stack.client.getTask(id)).attempt > 1);
  for (const cause of ['failure', 'start']) expect([cause, await count(cause)]).toEqual([cause, 1]);
  expect(await count('timeout')).toBeGreaterThan(0);
  for (const id of ids) await stack.client.cancelTask(id).catch(() => undefined);
});

// proves: webhooks/action-retries, http/action-failures
describe('an action with a policy of its own', () => {
  test('on_start is called again within one attempt, with one key and one claim', async () => {
    const answers = [503, 429, 200];
    stack.receiver.behave((call) => (call.trigger === 'start' ? { status: answers.shift()! } : undefined));
    const retry = { max_attempts: 3, backoff_secs: 0 };
    const id = await create({ on_start: { ...webhook(url('/start')), retry } });
    await untilRunning(stack.client, id);
    const starts = startsOf(id);
    expect(new Set(starts.map(({ headers }) => headers['idempotency-key']))).toEqual(
      new Set([`${id}:start`]),
    );
    expect(starts.map(({ claim }) => claim)).toEqual([1, 1, 1]);
    const shown = await stack.client.getTask(id);
    expect(shown).toMatchObject({
      attempt: 1,
      actions: [{ retry, failure_count: 2, last_error: 'answered 429' }],
    });
    await stack.client.cancelTask(id);
  });

  test('a notification is given up when it says so, in place of the settings', async () => {
    stack.receiver.behave((call) => {
      if (call.trigger !== 'start') return { status: 500 };
      void call.handle.success();
      return { status: 200 };
    });
    const id = await create({
      on_success: [
        { ...webhook(url('/told')), retry: { max_attempts: 2 } },
        { ...webhook(url('/told')), retry: { max_attempts: 1 } },
      ],
    });
    await ended(id);
    const statuses = async () =>
      (await stack.client.listDeliveries({ task_id: id })).map(
        ({ status, attempts }) => `${status} ${attempts}`,
      );
    await until('both are given up', async () =>
      (await statuses()).every((status) => status.startsWith('Exhausted')),
    );
    expect((await statuses()).toSorted()).toEqual(['Exhausted 1', 'Exhausted 2']);
    expect((await stack.client.getTask(id)).actions).toMatchObject([
      { trigger: 'Start', failure_count: 0, last_error: null },
      { trigger: 'End', failure_count: 2, last_error: 'answered 500' },
      { trigger: 'End', failure_count: 1, last_error: 'answered 500' },
    ]);
  });
});
