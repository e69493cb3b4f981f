import {
  aBatch,
  anAction,
  aWorker,
  batchRow,
  claimAll,
  deliveriesOf,
  fail,
  findViolations,
  openTransaction,
  run,
  stateOf,
  statusesOf,
  submit,
  succeed,
  type TaskSpec,
  untilBlocked,
  writeBatch,
  useTestDatabase,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { pauseTask } from './pause-task.ts';
import { propagateEnds } from './propagate-ends.ts';
import { startTasks } from './start-tasks.ts';
import { stopBatch } from './stop-batch.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

// proves: lifecycle/stop, http/stop-answer, http/stop-notifies, webhooks/canceled-no-on-failure
test('whatever has not ended is canceled; a Running task gets its cancel action, nobody on_failure', async () => {
  const notify = { onFailure: [anAction('failed')], onSuccess: [anAction('done')] };
  const { id, ids } = await submit(
    database.db,
    {
      done: notify,
      failed: {},
      running: notify,
      silent: notify,
      claimed: notify,
      pending: notify,
      paused: notify,
      waiting: { needs: ['running'], ...notify },
      pausedWaiting: { needs: ['waiting'], ...notify },
    },
    { onComplete: [anAction('complete')] },
  );
  const other = await submit(database.db, { a: {} });
  await pauseTask(database.db, ids.paused);
  await pauseTask(database.db, ids.pausedWaiting);
  const claims = await claimAll(database.db, worker, [ids.running]);
  await startTasks(
    database.db,
    claims.map(({ id: task, claim }) => ({ id: task, claim, cancelAction: anAction('cancel') })),
    { wait: true },
  );
  await run(database.db, worker, [ids.silent, ids.done, ids.failed]);
  await succeed(database.db, ids.done);
  await fail(database.db, ids.failed);
  await claimAll(database.db, worker, [ids.claimed]);

  const stopped = await stopBatch(database.db, id);
  expect(stopped).toEqual({
    before: { Waiting: 1, Pending: 1, Claimed: 1, Running: 2, Paused: 2, Success: 1, Failure: 1 },
    notified: 2,
    completed: true,
  });
  const { done, failed, ...rest } = await statusesOf(database.db, id);
  expect([done, failed]).toEqual(['Success', 'Failure']);
  expect(new Set(Object.values(rest))).toEqual(new Set(['Canceled']));
  for (const name of ['running', 'claimed', 'pending', 'paused', 'waiting'] as const) {
    const state = await stateOf(database.db, ids[name]);
    expect(state).toMatchObject({ failure_reason: 'Batch stopped', check_at: null });
    expect(state.ended_at).not.toBeNull();
  }
  expect(await deliveriesOf(database.db, ids.running)).toMatchObject([{ trigger: 'Cancel' }]);
  expect(await deliveriesOf(database.db, ids.silent)).toEqual([]);
  expect(await deliveriesOf(database.db, ids.waiting)).toEqual([]);
  expect(await deliveriesOf(database.db, id)).toMatchObject([{ trigger: 'BatchComplete' }]);
  expect(await batchRow(database.db, id)).toMatchObject({
    open_tasks: 0,
    status_counts: { Success: 1, Failure: 1, Canceled: 7 },
  });
  expect(await statusesOf(database.db, other.id)).toEqual({ a: 'Pending' });
  expect(await findViolations(database.db)).toEqual([]);
});

test('a second stop, and one of a batch that ended by itself, change nothing and complete nothing again', async () => {
  const { id, ids } = await submit(database.db, { a: {}, b: {} }, { onComplete: [anAction('complete')] });
  await run(database.db, worker);
  await stopBatch(database.db, id);
  const before = await stateOf(database.db, ids.a);
  expect(await stopBatch(database.db, id)).toEqual({
    before: { Canceled: 2 },
    notified: 0,
    completed: false,
  });
  expect(await stateOf(database.db, ids.a)).toEqual(before);
  expect(await deliveriesOf(database.db, id)).toHaveLength(1);
});

// proves: http/stop-answer
test('unknown and empty batches', async () => {
  expect(await stopBatch(database.db, '0190c2a5-0000-7000-8000-000000000001')).toBeNull();
  const { id } = await submit(database.db, {});
  expect(await stopBatch(database.db, id)).toEqual({ before: {}, notified: 0, completed: false });
});

// proves: webhooks/cancel-action-late
test('a cancel action that comes with the answer of an open call follows the stop', async () => {
  const { id, ids } = await submit(database.db, { a: {} });
  const [claim] = await claimAll(database.db, worker);
  expect(await stopBatch(database.db, id)).toMatchObject({ before: { Claimed: 1 }, notified: 0 });
  const answer = { id: ids.a, claim: claim!.claim, cancelAction: anAction('cancel') };
  expect(await startTasks(database.db, [answer], { wait: true })).toMatchObject({
    results: [{ outcome: 'ended' }],
    notified: 1,
  });
  expect(await deliveriesOf(database.db, ids.a)).toMatchObject([{ trigger: 'Cancel', status: 'Pending' }]);
});

// proves: lifecycle/stop-wins
test('a stop wins over a cascade that is still under way', async () => {
  const tasks: Record<string, TaskSpec> = { root: {}, other: {} };
  for (let n = 0; n < 10; n++) tasks[`c${n}`] = { needs: [n === 0 ? 'root' : `c${n - 1}`] };
  tasks['join'] = { needs: ['c0'], follows: ['other'] };
  const { id, ids } = await submit(database.db, tasks, { onComplete: [anAction('complete')] });
  await run(database.db, worker);
  const { effects } = await fail(database.db, ids['root']!, 3);
  expect(effects).toMatchObject({ failed: 3 });
  expect(effects.unfinished).toBeGreaterThan(0);
  const stopped = await stopBatch(database.db, id);
  expect(stopped).toMatchObject({ before: { Failure: 4, Waiting: 8, Running: 1 }, completed: true });
  expect(await propagateEnds(database.db, { limit: 100 })).toBeNull();
  expect(Object.values(await statusesOf(database.db, id)).filter((s) => s === 'Canceled')).toHaveLength(9);
  expect(await deliveriesOf(database.db, id)).toHaveLength(1);
  expect(await findViolations(database.db)).toEqual([]);
});

test('it waits for whoever walks through the batch', async () => {
  const { id } = await submit(database.db, { a: {} });
  const walk = await openTransaction(database.db);
  await sql`select pg_advisory_xact_lock(batch_lock_key(${id}))`.execute(walk.trx);
  const stopping = stopBatch(database.db, id);
  await untilBlocked(database.db, 'stop_batch');
  await walk.commit();
  expect(await stopping).toMatchObject({ before: { Pending: 1 } });
});

test('10,000 tasks are stopped at once', async () => {
  const tasks: Record<string, TaskSpec> = {};
  for (let n = 0; n < 10_000; n++) {
    tasks[`t${n}`] = n < 100 ? {} : { needs: [`t${n - 100}`], follows: [`t${n - 99}`] };
  }
  const { batch, id } = aBatch(tasks);
  await writeBatch(database.db, batch);
  await run(database.db, worker);
  const beganMs = performance.now();
  expect(await stopBatch(database.db, id)).toMatchObject({ before: { Running: 100, Waiting: 9900 } });
  // A statement for each task would take many times as long.
  expect(performance.now() - beganMs).toBeLessThan(3000);
  expect((await batchRow(database.db, id)).open_tasks).toBe(0);
});
