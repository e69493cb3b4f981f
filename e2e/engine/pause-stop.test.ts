import { ArcRunError, type Json, type NewTask, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ apis: 2, workers: 2, settings: { PROPAGATION_INLINE_LIMIT: '20' } });
});
afterAll(async () => {
  await stack.close();
});
afterEach(() => {
  expect(stack.receiver.errors).toEqual([]);
  stack.receiver.behave(() => undefined);
  stack.receiver.forget();
});

const UNKNOWN = '0190c2a5-0000-7000-8000-000000000001';

const post = (path: string, body?: Json) =>
  webhook(`${stack.receiver.url}${path}`, body === undefined ? {} : { body });

const aTask = (id: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: 'e2e', on_start: post('/start'), ...rest });

const needs = (...ids: string[]) => ids.map((id) => ({ id, requires_success: true }));
const follows = (...ids: string[]) => ids.map((id) => ({ id, requires_success: false }));

/** Creates a batch; returns its id and the tasks' ids in input order. */
async function create(tasks: readonly NewTask[], onComplete = false): Promise<[string, ...string[]]> {
  const input = onComplete ? { tasks: [...tasks], on_batch_complete: [post('/complete')] } : tasks;
  const created = await stack.client.createBatch(input);
  return [created.batchId, ...created.tasks.map((each) => each.id)];
}

/** Read through the other API process: what was answered can be read at once, everywhere. */
const statusOf = async (id: string): Promise<string> => (await stack.clients[1]!.getTask(id)).status;
const untilRunning = (id: string) => until('it runs', async () => (await statusOf(id)) === 'Running');

const refusalOf = async (call: Promise<unknown>): Promise<unknown> => {
  const error = await call.then(() => null).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ArcRunError);
  return (error as ArcRunError).body;
};

function answerWithCancelAction(): void {
  stack.receiver.behave((call) =>
    call.trigger === 'start' ? { status: 200, body: post('/cancel') } : undefined,
  );
}

describe('pause and resume', () => {
  // proves: lifecycle/pause, lifecycle/paused-holds-batch, lifecycle/resume
  test('a Paused task does not start when its parents have ended, holds its batch, and starts when resumed', async () => {
    const [batch, a, b] = await create([aTask('a'), aTask('b', { dependencies: needs('a') })]);
    await untilRunning(a!);
    await stack.client.pauseTask(b!);
    await stack.client.reportSuccess(a!);
    expect(await statusOf(b!)).toBe('Paused');
    expect(await stack.client.getBatch(batch)).toMatchObject({ status_counts: { paused: 1, success: 1 } });
    expect((await stack.client.listBatches({ status: 'Paused' })).map((row) => row.batch_id)).toContain(
      batch,
    );
    expect(stack.receiver.callsOf(b!)).toEqual([]);
    await stack.client.resumeTask(b!);
    await untilRunning(b!);
    await stack.client.reportSuccess(b!);
  });

  // proves: lifecycle/resume
  test('it is Waiting again when it is resumed while a parent is open', async () => {
    const [, a, b] = await create([aTask('a'), aTask('b', { dependencies: follows('a') })]);
    await untilRunning(a!);
    await stack.client.pauseTask(b!);
    await stack.client.resumeTask(b!);
    expect(await statusOf(b!)).toBe('Waiting');
    await stack.client.reportFailure(a!, 'broken');
    await untilRunning(b!);
    await stack.client.reportSuccess(b!);
  });

  // proves: lifecycle/pause-no-shield, webhooks/cascade-on-failure
  test('pausing does not shield: it fails with a required parent, and its on_failure is called', async () => {
    const [, a, b] = await create([
      aTask('a'),
      aTask('b', { dependencies: needs('a'), on_failure: [post('/failed')] }),
    ]);
    await untilRunning(a!);
    await stack.client.pauseTask(b!);
    await stack.client.reportFailure(a!, 'broken');
    expect(await stack.client.getTask(b!)).toMatchObject({
      status: 'Failure',
      failure_reason: `Required parent task ${a} failed`,
    });
    await until('it is told', async () => stack.receiver.callsOf(b!, 'end').length === 1);
  });

  // proves: lifecycle/paused-holds-batch, lifecycle/canceled
  test('a Paused task can be canceled', async () => {
    const [, a, b] = await create([aTask('a'), aTask('b', { dependencies: needs('a') }), aTask('c')]);
    await stack.client.pauseTask(b!);
    await stack.client.cancelTask(b!);
    expect(await statusOf(b!)).toBe('Canceled');
    expect(await statusOf(a!)).toBe('Canceled');
  });

  // proves: http/pause-answers
  test('in any other state it is 400 and names the state; an unknown task is 404', async () => {
    const [, a, b] = await create([aTask('a'), aTask('b', { dependencies: needs('a') })]);
    await untilRunning(a!);
    const wrong = (status: string) => ({ status: 400, current_status: status, error: expect.any(String) });
    expect(await refusalOf(stack.client.pauseTask(a!))).toMatchObject(wrong('Running'));
    expect(await refusalOf(stack.client.resumeTask(a!))).toMatchObject(wrong('Running'));
    expect(await refusalOf(stack.client.resumeTask(b!))).toMatchObject(wrong('Waiting'));
    await stack.client.pauseTask(b!);
    expect(await refusalOf(stack.client.pauseTask(b!))).toMatchObject(wrong('Paused'));
    await stack.client.reportFailure(a!, 'broken');
    for (const [id, status] of [
      [a!, 'Failure'],
      [b!, 'Failure'],
    ] as const) {
      expect(await refusalOf(stack.client.pauseTask(id))).toMatchObject(wrong(status));
      expect(await refusalOf(stack.client.resumeTask(id))).toMatchObject(wrong(status));
    }
    for (const id of [UNKNOWN, 'no-uuid']) {
      expect(await refusalOf(stack.client.pauseTask(id))).toMatchObject({ status: 404 });
      expect(await refusalOf(stack.client.resumeTask(id))).toMatchObject({ status: 404 });
    }
    for (const path of ['pause', 'resume']) {
      const answer = await fetch(`${stack.apis[0]!.url}/task/${path}/${a}`);
      expect(answer.status).toBe(405);
      expect(await answer.json()).toMatchObject({ status: 405 });
    }
  });
});

describe('stop', () => {
  // proves: http/stop-answer, http/stop-notifies, lifecycle/stop
  test('cancels whatever has not ended, and says how much of what; cancel actions, no on_failure', async () => {
    answerWithCancelAction();
    const notify = { on_failure: [post('/failed')] };
    const canceledBefore = await stack.metric('tasks_cancelled_total');
    const [batch, done, running, waiting, paused] = await create(
      [
        aTask('done'),
        aTask('running', notify),
        aTask('waiting', { dependencies: needs('running'), ...notify }),
        aTask('paused', { dependencies: needs('running'), ...notify }),
      ],
      true,
    );
    await untilRunning(done!);
    await untilRunning(running!);
    await stack.client.reportSuccess(done!);
    await stack.client.pauseTask(paused!);
    expect(await stack.client.stopBatch(batch)).toEqual({
      batch_id: batch,
      canceled_waiting: 1,
      canceled_pending: 0,
      canceled_claimed: 0,
      canceled_running: 1,
      canceled_paused: 1,
      already_terminal: 1,
    });
    for (const id of [running!, waiting!, paused!]) {
      expect(await stack.clients[1]!.getTask(id)).toMatchObject({
        status: 'Canceled',
        failure_reason: 'Batch stopped',
      });
    }
    expect(await statusOf(done!)).toBe('Success');
    await until('both are told', async () =>
      [running!, batch].every((id) => stack.receiver.callsOf(id).some((call) => call.trigger !== 'start')),
    );
    const [call] = stack.receiver.callsOf(running!, 'cancel');
    expect(call!.headers['idempotency-key']).toBe(`${running}:cancel`);
    const [complete] = stack.receiver.callsOf(batch, 'batch_complete');
    expect(JSON.parse(complete!.body)).toMatchObject({
      arcrun: { counts: { success: 1, failure: 0, canceled: 3 } },
    });
    expect(await stack.metric('tasks_cancelled_total')).toBe(canceledBefore + 3);

    // Again: there is nothing left, and nothing is told twice.
    expect(await stack.client.stopBatch(batch)).toMatchObject({ canceled_running: 0, already_terminal: 4 });
    const ledger = await stack.client.listDeliveries({ page_size: 100 });
    const own = ledger.filter((row) =>
      [batch, running, waiting, paused].includes(row.task_id ?? row.batch_id!),
    );
    expect(own.map((row) => row.trigger).toSorted()).toEqual(['BatchComplete', 'Cancel']);
    expect(await refusalOf(stack.client.cancelTask(running!))).toMatchObject({ current_status: 'Canceled' });
  });

  // proves: webhooks/cancel-action-late
  test('a client that reports late is told so; a cancel action that comes late is called', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    stack.receiver.behave(async (call) => {
      if (call.trigger !== 'start') return undefined;
      await answered;
      return { status: 200, body: post('/cancel') };
    });
    const [batch, a] = await create([aTask('a')]);
    await until('it is called', async () => stack.receiver.callsOf(a!, 'start').length === 1);
    expect(await stack.client.stopBatch(batch)).toMatchObject({ canceled_claimed: 1 });
    expect(await refusalOf(stack.client.reportSuccess(a!))).toMatchObject({
      status: 409,
      current_status: 'Canceled',
    });
    answer();
    await until('it is told', async () => stack.receiver.callsOf(a!, 'cancel').length === 1);
  });

  // proves: lifecycle/stop-wins, http/patch-long-cascade-complete
  test('wins over a cascade that is still under way, and completes the batch once', async () => {
    const chain = Array.from({ length: 300 }, (_, n) =>
      aTask(`t${n}`, n === 0 ? {} : { dependencies: needs(`t${n - 1}`) }),
    );
    const [batch, root] = await create(chain, true);
    await untilRunning(root!);
    await stack.client.reportFailure(root!, 'broken');
    const stopped = await stack.client.stopBatch(batch);
    const counts = (await stack.client.getBatch(batch)).status_counts;
    expect(counts).toMatchObject({ waiting: 0, pending: 0, claimed: 0, running: 0, paused: 0 });
    expect(counts.canceled).toBe(stopped.canceled_waiting);
    expect(counts.failure).toBe(stopped.already_terminal);
    await until('it is told', async () => stack.receiver.callsOf(batch, 'batch_complete').length > 0);
    expect(stack.receiver.callsOf(batch, 'batch_complete')).toHaveLength(1);
  });

  // proves: http/stop-answer
  test('a batch without tasks, and an unknown one', async () => {
    const [batch] = await create([]);
    expect(await stack.client.stopBatch(batch)).toEqual({
      batch_id: batch,
      canceled_waiting: 0,
      canceled_pending: 0,
      canceled_claimed: 0,
      canceled_running: 0,
      canceled_paused: 0,
      already_terminal: 0,
    });
    for (const id of [UNKNOWN, 'no-uuid']) {
      expect(await refusalOf(stack.client.stopBatch(id))).toMatchObject({ status: 404 });
    }
  });
});

describe('dead ends', () => {
  // proves: lifecycle/dead-end-climbs, webhooks/dead-end-calls
  test('canceling an only leaf cancels its unfinished ancestors, who are told', async () => {
    answerWithCancelAction();
    const notify = { on_failure: [post('/failed')] };
    const [batch, a, b, leaf] = await create(
      [
        aTask('a', notify),
        aTask('b', { dependencies: needs('a'), ...notify }),
        aTask('leaf', { dependencies: follows('b'), ...notify }),
      ],
      true,
    );
    await untilRunning(a!);
    await stack.client.cancelTask(leaf!);
    for (const id of [a!, b!]) {
      expect(await stack.clients[1]!.getTask(id)).toMatchObject({
        status: 'Canceled',
        failure_reason: 'All child tasks already terminated',
      });
    }
    await until('all are told', async () => {
      const told = [a!, b!]
        .flatMap((id) => stack.receiver.callsOf(id))
        .filter((call) => call.trigger !== 'start');
      return told.length === 3 && stack.receiver.callsOf(batch, 'batch_complete').length === 1;
    });
    expect(new Set(stack.receiver.callsOf(a!).map((call) => call.headers['idempotency-key']))).toEqual(
      new Set([`${a}:start`, `${a}:cancel`, `${a}:end:failure`]),
    );
    expect(stack.receiver.callsOf(a!)).toHaveLength(3);
    expect(JSON.parse(stack.receiver.callsOf(a!, 'end')[0]!.body)).toMatchObject({
      arcrun: { status: 'Canceled', trigger: 'end' },
    });
    expect(stack.receiver.callsOf(b!).map((call) => call.trigger)).toEqual(['end']);
    expect(stack.receiver.callsOf(leaf!)).toEqual([]);
    expect(await refusalOf(stack.client.reportSuccess(a!))).toMatchObject({ current_status: 'Canceled' });
  });

  test('a task that fails by cascade takes its other parent with it; one that is needed still stays', async () => {
    const [, a, b, needed] = await create([
      aTask('a'),
      aTask('b'),
      aTask('needed'),
      aTask('join', { dependencies: [...needs('a'), ...follows('b', 'needed')] }),
      aTask('after', { dependencies: needs('needed') }),
    ]);
    for (const id of [a!, b!, needed!]) await untilRunning(id);
    await stack.client.reportFailure(a!, 'broken');
    expect(await statusOf(b!)).toBe('Canceled');
    expect(await statusOf(needed!)).toBe('Running');
    await stack.client.reportFailure(needed!, 'broken');
  });

  // proves: lifecycle/dead-end-barrier
  test('a barrier is canceled itself, and stops the climb', async () => {
    const [, a, barrier, leaf] = await create([
      aTask('a'),
      aTask('barrier', { dependencies: needs('a'), dead_end_barrier: true }),
      aTask('leaf', { dependencies: needs('barrier') }),
    ]);
    await untilRunning(a!);
    await stack.client.cancelTask(leaf!);
    expect(await statusOf(barrier!)).toBe('Canceled');
    expect(await statusOf(a!)).toBe('Running');
    await stack.client.reportSuccess(a!);
  });

  // proves: http/patch-long-cascade
  test('a long climb goes on by itself', async () => {
    const chain = Array.from({ length: 100 }, (_, n) =>
      aTask(`t${n}`, n === 0 ? {} : { dependencies: needs(`t${n - 1}`) }),
    );
    const [batch, root, ...below] = await create(chain);
    await untilRunning(root!);
    await stack.client.cancelTask(below.at(-1)!);
    const stats = await stack.client.waitForBatch(batch, { pollMs: 20, signal: AbortSignal.timeout(5000) });
    expect(stats.status_counts.canceled).toBe(100);
  });

  // proves: lifecycle/dead-end-off
  test('nothing of it with DEAD_END_CANCEL_ENABLED=0', async () => {
    const off = await startStack({ apis: 1, workers: 1, settings: { DEAD_END_CANCEL_ENABLED: '0' } });
    try {
      const onStart = webhook(`${off.receiver.url}/start`);
      const { batchId, tasks } = await off.client.createBatch([
        aTask('a', { on_start: onStart }),
        aTask('leaf', { on_start: onStart, dependencies: needs('a') }),
      ]);
      await off.client.cancelTask(tasks[1]!.id);
      await until('it runs', async () => (await off.client.getTask(tasks[0]!.id)).status === 'Running');
      await off.client.reportSuccess(tasks[0]!.id);
      expect(await off.client.getBatch(batchId)).toMatchObject({
        status_counts: { success: 1, canceled: 1 },
      });
    } finally {
      await off.close();
    }
  });
});

// proves: lifecycle/pause, http/priority-kept
test('Pending tasks are paused too, keep their place, and are stopped; a resumed one is rung for', async () => {
  const idle = await startStack({ apis: 1, workers: 0 });
  try {
    const onStart = webhook(`${idle.receiver.url}/start`);
    const { batchId, tasks } = await idle.client.createBatch(
      ['first', 'second', 'third'].map((id) => aTask(id, { on_start: onStart })),
    );
    const [first, second, third] = tasks.map((each) => each.id) as [string, string, string];
    await idle.client.pauseTask(first);
    await idle.client.pauseTask(third);
    await idle.client.resumeTask(first);
    expect((await idle.client.getTask(first)).status).toBe('Pending');
    await idle.startWorker();
    await until('two are called', async () => idle.receiver.calls.length === 2);
    expect(new Set(idle.receiver.calls.map((call) => call.taskId))).toEqual(new Set([first, second]));
    await idle.client.resumeTask(third);
    await until('the third is called', async () => idle.receiver.callsOf(third).length === 1, 900);
    expect(await idle.metric('lost_doorbells_total')).toBe(0);
    await Promise.all(idle.workers.map((worker) => worker.stop()));

    const more = await idle.client.createBatch([aTask('x', { on_start: onStart })]);
    expect(await idle.client.stopBatch(more.batchId)).toMatchObject({ canceled_pending: 1 });
    expect(await idle.client.stopBatch(batchId)).toMatchObject({ canceled_running: 3 });
  } finally {
    await idle.close();
  }
});

test('a task that is resumed to Waiting frees its place under a rule that counts Paused ones', async () => {
  const [, a, b] = await create([aTask('a'), aTask('b', { kind: 'pausing', dependencies: needs('a') })]);
  await stack.client.pauseTask(b!);
  const whenNonePaused = { type: 'Concurency' as const, max_concurency: 0 };
  const matcher = { status: 'Paused' as const, kind: 'pausing', fields: [] };
  const [, held] = await create([aTask('held', { rules: [{ ...whenNonePaused, matcher }] })]);
  await untilRunning(a!);
  expect(await statusOf(held!)).toBe('Pending');
  await stack.client.resumeTask(b!);
  // By its bell: the sweep would take longer, and say so.
  await until('it is called', async () => stack.receiver.callsOf(held!, 'start').length === 1);
  await stack.client.reportFailure(a!, 'broken');
  await stack.client.reportSuccess(held!);
});
