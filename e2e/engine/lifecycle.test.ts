import { ArcRunError, type Json, type NewTask, task, webhook } from '@arcrun/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '@arcrun/database/testing';
import { type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ apis: 2, workers: 3, settings: { WEBHOOK_RETRY_BACKOFF_BASE_SECS: '0' } });
});
afterAll(async () => {
  await stack.close();
});
afterEach(() => {
  expect(stack.receiver.errors).toEqual([]);
  stack.receiver.behave(() => undefined);
  stack.receiver.forget();
});

const post = (path: string, body?: Json) =>
  webhook(`${stack.receiver.url}${path}`, body === undefined ? {} : { body });

const aTask = (id: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: 'e2e', on_start: post('/start'), ...rest });

/** Answers on_start 2xx, then reports the end through the handle. */
function succeedAtOnce(): void {
  stack.receiver.behave((call) => {
    if (call.trigger === 'start') void call.handle.success().catch(() => undefined);
  });
}

describe('a task runs to its end', () => {
  // proves: webhooks/handle, webhooks/headers, webhooks/keys, webhooks/claim-header,
  // webhooks/no-accept-encoding, webhooks/start-2xx, webhooks/start-body, webhooks/end-body,
  // lifecycle/claimed-running, lifecycle/running-ended
  test('on_start is called with its handle, its key and its claim; then it is Running; then it ends', async () => {
    const body = { n: 1, text: 'täsk' };
    const { batchId, tasks } = await stack.client.createBatch([
      aTask('a', { on_start: post('/start?x=1#part', body), on_success: [post('/done', { kept: true })] }),
    ]);
    const id = tasks[0]!.id;
    await until('it runs', async () => (await stack.client.getTask(id)).status === 'Running');
    const [start] = stack.receiver.callsOf(id, 'start');
    expect(start).toMatchObject({ method: 'POST', claim: 1, body: JSON.stringify(body) });
    expect(start!.target).toBe(`/start?x=1&handle=${encodeURIComponent(start!.handleUrl!)}`);
    expect(start!.handleUrl).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/task/${id}$`));
    expect(start!.headers['idempotency-key']).toBe(`${id}:start`);
    expect(start!.headers['content-type']).toBe('application/json');
    expect(start!.headers['accept-encoding']).toBeUndefined();

    await start!.handle.success();
    expect(await stack.clients[1]!.getTask(id)).toMatchObject({ status: 'Success', failure_reason: null });
    await until('it is told', async () => stack.receiver.callsOf(id, 'end').length === 1);
    const [end] = stack.receiver.callsOf(id, 'end');
    expect(end!.headers['idempotency-key']).toBe(`${id}:end:success`);
    expect(JSON.parse(end!.body)).toMatchObject({
      kept: true,
      arcrun: { status: 'Success', trigger: 'end' },
    });
    expect(await stack.client.getBatch(batchId)).toMatchObject({
      status_counts: { success: 1 },
      total_tasks: 1,
    });
  });

  // proves: lifecycle/claimed-ended, lifecycle/started-at-early-end, webhooks/start-before-rest
  test('a client may answer through the handle before it answered on_start', async () => {
    stack.receiver.behave(async (call) => {
      if (call.trigger === 'start') await call.handle.success();
    });
    const { batchId, tasks } = await stack.client.createBatch([aTask('a', { on_success: [post('/done')] })]);
    await stack.client.waitForBatch(batchId, { pollMs: 20 });
    const id = tasks[0]!.id;
    const ended = await stack.client.getTask(id);
    expect(ended.status).toBe('Success');
    expect(ended.started_at).not.toBeNull();
    await until('it is told', async () => stack.receiver.callsOf(id, 'end').length === 1);
    expect(stack.receiver.callsOf(id).map((call) => call.trigger)).toEqual(['start', 'end']);
  });

  // proves: lifecycle/start-failed, lifecycle/started-at-never, webhooks/start-other
  test.each([500, 404, 302])(
    'on_start answered with %i fails the task, is not tried again',
    async (status) => {
      stack.receiver.behave((call) =>
        call.trigger === 'start' ? { status, headers: { location: '/elsewhere' } } : undefined,
      );
      const { batchId, tasks } = await stack.client.createBatch([
        aTask('a', { on_failure: [post('/failed')] }),
      ]);
      await stack.client.waitForBatch(batchId, { pollMs: 20 });
      const id = tasks[0]!.id;
      expect(await stack.client.getTask(id)).toMatchObject({
        status: 'Failure',
        failure_reason: `on_start webhook failed: answered ${status}`,
        started_at: null,
      });
      await until('it is told', async () => stack.receiver.callsOf(id, 'end').length === 1);
      expect(stack.receiver.callsOf(id, 'end')[0]!.headers['idempotency-key']).toBe(`${id}:end:failure`);
      expect(stack.receiver.callsOf(id, 'start')).toHaveLength(1);
    },
  );

  // proves: lifecycle/start-failed
  test('nobody listens: the task fails and says so', async () => {
    const { batchId, tasks } = await stack.client.createBatch([
      aTask('a', { on_start: webhook('http://127.0.0.1:9/start') }),
    ]);
    await stack.client.waitForBatch(batchId, { pollMs: 20 });
    expect((await stack.client.getTask(tasks[0]!.id)).failure_reason).toMatch(
      /^on_start webhook failed: .*ECONNREFUSED/,
    );
  });

  // proves: lifecycle/timeout, lifecycle/timeout-notifies, lifecycle/timeout-running-anew
  test('no sign of life for its timeout: Failure, reason Timeout, last_updated left as it was', async () => {
    const { batchId, tasks } = await stack.client.createBatch([
      aTask('a', { timeout: 1, on_failure: [post('/failed')] }),
    ]);
    await stack.client.waitForBatch(batchId, { pollMs: 50 });
    const ended = await stack.client.getTask(tasks[0]!.id);
    expect(ended).toMatchObject({ status: 'Failure', failure_reason: 'Timeout' });
    expect(ended.last_updated).toBe(ended.started_at);
    await until('it is told', async () => stack.receiver.callsOf(ended.id, 'end').length === 1);
  });

  // proves: http/put-refreshes
  test('progress keeps a task alive beyond its timeout', async () => {
    const { tasks } = await stack.client.createBatch([aTask('a', { timeout: 1 })]);
    const id = tasks[0]!.id;
    await until('it runs', async () => (await stack.client.getTask(id)).status === 'Running');
    const beganMs = performance.now();
    await until('three timeouts have passed', async () => {
      await stack.client.addProgress(id, { success: 1 });
      return performance.now() - beganMs > 3000;
    });
    const alive = await stack.client.getTask(id);
    expect(alive.status).toBe('Running');
    expect(alive.success).toBeGreaterThan(1);
    await stack.client.reportSuccess(id);
  });
});

describe('effects of an end can be read at once', () => {
  // proves: http/patch-effects-at-once, lifecycle/required-parent-failed
  test('children of a success open, required children of a failure fail and name their direct parent', async () => {
    const { tasks } = await stack.client.createBatch([
      aTask('root'),
      aTask('needs', { dependencies: [{ id: 'root', requires_success: true }] }),
      aTask('below', { dependencies: [{ id: 'needs', requires_success: true }] }),
      aTask('anyway', { dependencies: [{ id: 'needs', requires_success: false }] }),
    ]);
    const [root, needs, below, anyway] = tasks.map((each) => each.id) as [string, string, string, string];
    await until('it runs', async () => (await stack.client.getTask(root)).status === 'Running');
    await stack.client.reportFailure(root, 'broken');
    const read = stack.clients[1]!;
    expect(await read.getTask(root)).toMatchObject({ status: 'Failure', failure_reason: 'broken' });
    expect(await read.getTask(needs)).toMatchObject({
      status: 'Failure',
      failure_reason: `Required parent task ${root} failed`,
    });
    expect(await read.getTask(below)).toMatchObject({
      status: 'Failure',
      failure_reason: `Required parent task ${needs} failed`,
    });
    expect(['Pending', 'Claimed', 'Running']).toContain((await read.getTask(anyway)).status);
    await until('it runs', async () => (await read.getTask(anyway)).status === 'Running');
    await stack.client.reportSuccess(anyway);
  });

  // proves: http/patch-same-status, http/patch-conflict
  test('a second report of the same end is 200 and moves nothing; another is 409', async () => {
    const { tasks } = await stack.client.createBatch([aTask('a')]);
    const id = tasks[0]!.id;
    await until('it runs', async () => (await stack.client.getTask(id)).status === 'Running');
    await stack.client.reportSuccess(id);
    const before = await stack.client.getTask(id);
    await stack.client.reportSuccess(id, { new_success: 5 });
    expect(await stack.client.getTask(id)).toEqual(before);
    const refused = await stack.client.reportFailure(id, 'late').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ArcRunError);
    expect((refused as ArcRunError).body).toMatchObject({ status: 409, current_status: 'Success' });
  });
});

describe('cancel', () => {
  // proves: webhooks/cancel-action, webhooks/cancel-called, webhooks/canceled-no-on-failure,
  // webhooks/end-body, webhooks/keys
  test('a Running task with a cancel action gets it; its required children fail', async () => {
    stack.receiver.behave((call) =>
      call.trigger === 'start' ? { status: 200, body: post('/cancel', { stop: 'it' }) } : undefined,
    );
    const { tasks } = await stack.client.createBatch([
      aTask('a', { on_failure: [post('/failed')] }),
      aTask('b', { dependencies: [{ id: 'a', requires_success: true }] }),
    ]);
    const [a, b] = tasks.map((each) => each.id) as [string, string];
    await until('it runs', async () => (await stack.client.getTask(a)).status === 'Running');
    expect((await stack.client.getTask(a)).actions.map((action) => action.trigger)).toContain('Cancel');
    await stack.client.cancelTask(a);
    expect((await stack.client.getTask(a)).status).toBe('Canceled');
    expect((await stack.client.getTask(b)).failure_reason).toBe(`Required parent task ${a} failed`);
    await until('it is told', async () => stack.receiver.callsOf(a, 'cancel').length === 1);
    const [call] = stack.receiver.callsOf(a, 'cancel');
    expect(call!.headers['idempotency-key']).toBe(`${a}:cancel`);
    expect(JSON.parse(call!.body)).toMatchObject({
      stop: 'it',
      arcrun: { status: 'Canceled', trigger: 'cancel' },
    });
    expect(stack.receiver.callsOf(a, 'end')).toEqual([]);
  });

  // proves: http/delete
  test('an ended task is not canceled: 400 names its state', async () => {
    succeedAtOnce();
    const { batchId, tasks } = await stack.client.createBatch([aTask('a')]);
    await stack.client.waitForBatch(batchId, { pollMs: 20 });
    const refused = await stack.client.cancelTask(tasks[0]!.id).catch((error: unknown) => error);
    expect((refused as ArcRunError).body).toMatchObject({ status: 400, current_status: 'Success' });
  });
});

describe('notifications', () => {
  // proves: webhooks/retried, http/ledger-tries
  test('are tried again on anything but 2xx, and then stand as delivered in the ledger', async () => {
    let tries = 0;
    stack.receiver.behave((call) => {
      if (call.trigger === 'start') void call.handle.success();
      if (call.trigger === 'end' && ++tries < 4) return { status: tries === 1 ? 500 : 404 };
      return undefined;
    });
    const { tasks } = await stack.client.createBatch([aTask('a', { on_success: [post('/done')] })]);
    const id = tasks[0]!.id;
    await until('it is delivered', async () => {
      const ledger = await stack.client.listDeliveries();
      return ledger.some((row) => row.task_id === id && row.status === 'Success' && row.attempts === 4);
    });
    expect(
      new Set(stack.receiver.callsOf(id, 'end').map((call) => call.headers['idempotency-key'])).size,
    ).toBe(1);
  });

  // proves: webhooks/batch-complete-once, webhooks/batch-complete-empty, webhooks/batch-headers,
  // webhooks/batch-body, webhooks/body-other, webhooks/keys
  test('batch-complete tells the counts, once, also of a batch without tasks', async () => {
    succeedAtOnce();
    const { batchId } = await stack.client.createBatch({
      tasks: [aTask('a'), aTask('b', { dependencies: [{ id: 'a', requires_success: true }] })],
      on_batch_complete: [post('/complete', [1, 2])],
    });
    const empty = await stack.client.createBatch({ tasks: [], on_batch_complete: [post('/complete')] });
    await until('both are told', async () =>
      [batchId, empty.batchId].every((id) => stack.receiver.callsOf(id).length === 1),
    );
    const [call] = stack.receiver.callsOf(batchId, 'batch_complete');
    expect(call!.headers['idempotency-key']).toBe(`batch:${batchId}:complete`);
    expect(call!.handleUrl).toBeNull();
    expect(JSON.parse(call!.body)).toMatchObject({
      arcrun: { batch_id: batchId, counts: { success: 2, failure: 0, canceled: 0 } },
      body: [1, 2],
    });
    expect(await stack.client.getBatch(empty.batchId)).toMatchObject({ total_tasks: 0 });
  });
});
