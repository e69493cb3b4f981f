import {
  anAction,
  aWorker,
  batchRow,
  cancel,
  claimAll,
  deliveriesOf,
  end,
  run,
  start,
  stateOf,
  statusesOf,
  submit,
  succeed,
  type TaskSpec,
  useTestDatabase,
  expectSoundAfterEach,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { addProgress } from './add-progress.ts';
import { endTasks } from './end-tasks.ts';
import { findTask } from './find-task.ts';
import { pauseTask } from './pause-task.ts';
import { resumeTask } from './resume-task.ts';
import { startTasks } from './start-tasks.ts';
import { stopBatch } from './stop-batch.ts';
import { timeOutTasks } from './time-out-tasks.ts';
import { updateTask } from './update-task.ts';

const database = useTestDatabase();
expectSoundAfterEach(database);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

/** A task with so many attempts, a minute apart. */
const tried = (maxAttempts: number, policy: object = {}, rest: TaskSpec = {}): TaskSpec => ({
  maxAttempts,
  retry: JSON.stringify({
    ...{ max_attempts: maxAttempts, backoff_secs: 60, backoff_factor: 2, max_backoff_secs: 300 },
    ...{ jitter: false, on: ['failure', 'timeout', 'start'] },
    ...policy,
  }),
  ...rest,
});

const fail = (id: string, rest: object = {}) =>
  end(database.db, 'report', { id, status: 'Failure', reason: 'broken', ...rest });
const endBackoff = () =>
  sql`update task_state set backoff_until = now() where backoff_until is not null`.execute(database.db);
const attemptsOf = async (id: string): Promise<unknown[]> => {
  const { attempts } = JSON.parse((await findTask(database.db, id))!) as { attempts: unknown[] };
  return attempts;
};

// proves: lifecycle/retry
test('an attempt that fails is not the end: the task waits for the next one, and nobody is told', async () => {
  const { id, ids } = await submit(database.db, {
    a: tried(3, {}, { onFailure: [anAction('failed')], expectedCount: 5 }),
    b: { needs: ['a'] },
  });
  await run(database.db, worker);
  await addProgress(database.db, [{ id: ids.a, success: 2, failures: 1 }], { wait: true });
  const { result, effects } = await fail(ids.a, { newSuccess: 1 });
  expect(result).toMatchObject({ outcome: 'retried', was: 'Running' });
  expect(effects).toMatchObject({ released: 0, failed: 0, notified: 0, completed: 0 });
  expect(effects.nextAttemptsSecs).toEqual([expect.closeTo(60, 0)]);
  expect(await stateOf(database.db, ids.a)).toMatchObject({
    ...{ status: 'Pending', attempt: 2, success: 0, failures: 0, failure_reason: 'broken', started_at: null },
    ...{ lane: null, worker_id: null, check_at: null, ended_at: null },
  });
  expect(await statusesOf(database.db, id)).toEqual({ a: 'Pending', b: 'Waiting' });
  expect(await deliveriesOf(database.db, ids.a)).toEqual([]);
  expect((await batchRow(database.db, id)).open_tasks).toBe(2);
  expect(await attemptsOf(ids.a)).toMatchObject([
    { attempt: 1, status: 'Failure', failure_reason: 'broken', success: 3, failures: 1 },
  ]);
  // Not before its time.
  expect(await claimAll(database.db, worker)).toEqual([]);
  await endBackoff();
  expect(await run(database.db, worker)).toMatchObject([{ id: ids.a, claim: 2, attempt: 2, maxAttempts: 3 }]);
});

// proves: lifecycle/retry-exhausted
test('the last one ends the task, with all that follows; a success ends it at once', async () => {
  const { id, ids } = await submit(database.db, {
    a: tried(2, {}, { onFailure: [anAction('failed')] }),
    b: { needs: ['a'] },
    c: tried(2),
  });
  await run(database.db, worker);
  await fail(ids.a);
  await fail(ids.c);
  await endBackoff();
  await run(database.db, worker);
  expect((await fail(ids.a)).result).toMatchObject({ outcome: 'applied', status: 'Failure' });
  await succeed(database.db, ids.c);
  expect(await statusesOf(database.db, id)).toEqual({ a: 'Failure', b: 'Failure', c: 'Success' });
  expect(await deliveriesOf(database.db, ids.a)).toHaveLength(1);
  expect(await attemptsOf(ids.a)).toMatchObject([
    { attempt: 1, status: 'Failure' },
    { attempt: 2, status: 'Failure', failure_reason: 'broken' },
  ]);
  expect(await attemptsOf(ids.c)).toMatchObject([{ attempt: 1 }, { attempt: 2, status: 'Success' }]);
});

// proves: lifecycle/retry-causes
describe('what is tried again', () => {
  test('not a failure that its client calls final', async () => {
    const { id, ids } = await submit(database.db, { a: tried(3) });
    await run(database.db, worker);
    expect((await fail(ids.a, { retryable: false })).result).toMatchObject({ outcome: 'applied' });
    expect(await statusesOf(database.db, id)).toEqual({ a: 'Failure' });
  });

  test.each(['failure', 'timeout', 'start'])(
    'a cause that the policy names, and no other: %s',
    async (cause) => {
      const { id, ids } = await submit(database.db, {
        ...{
          failure: tried(2, { on: [cause] }),
          timeout: tried(2, { on: [cause] }),
          start: tried(2, { on: [cause] }),
        },
      });
      const claims = await claimAll(database.db, worker);
      await start(
        database.db,
        claims.filter((claim) => claim.id !== ids.start),
      );
      await end(database.db, 'failStart', {
        ...{ id: ids.start, claim: 1, status: 'Failure', reason: 'on_start webhook failed: answered 500' },
      });
      await fail(ids.failure);
      await sql`update task_state set last_updated = now() - interval '1 h', check_at = now() where id = ${ids.timeout}`.execute(
        database.db,
      );
      const { ended, retried } = await timeOutTasks(database.db, { limit: 10, cascadeLimit: 10 });
      expect([ended.length, retried.length]).toEqual(cause === 'timeout' ? [0, 1] : [1, 0]);
      const expected = { failure: 'Failure', timeout: 'Failure', start: 'Failure', [cause]: 'Pending' };
      expect(await statusesOf(database.db, id)).toEqual(expected);
    },
  );

  test('not what a parent failed, a cancel or a stop', async () => {
    const { id, ids } = await submit(database.db, {
      a: {},
      b: tried(2, {}, { needs: ['a'] }),
      c: tried(2),
      d: tried(2),
    });
    await run(database.db, worker);
    await fail(ids.a);
    await cancel(database.db, ids.c);
    await stopBatch(database.db, id);
    expect(await statusesOf(database.db, id)).toEqual({
      a: 'Failure',
      b: 'Failure',
      c: 'Canceled',
      d: 'Canceled',
    });
  });
});

// proves: lifecycle/retry-backoff
test('waits grow up to their limit, and jitter takes a random part', async () => {
  const secsOf = async (policy: object, attempts: number): Promise<number> => {
    const text = JSON.stringify({
      backoff_secs: 2,
      backoff_factor: 3,
      max_backoff_secs: 50,
      jitter: false,
      ...policy,
    });
    const { rows } = await sql<{
      secs: number;
    }>`select backoff_secs(${text}::json, ${attempts}) as secs`.execute(database.db);
    return rows[0]!.secs;
  };
  expect(await Promise.all([1, 2, 3, 4, 99].map((n) => secsOf({}, n)))).toEqual([2, 6, 18, 50, 50]);
  expect(await secsOf({ backoff_secs: 0 }, 99)).toBe(0);
  // Beyond what Postgres reckons with.
  expect(await secsOf({ backoff_secs: 1e308, backoff_factor: 10 }, 99)).toBe(50);
  expect(await secsOf({ backoff_secs: 1e-5, backoff_factor: 10, max_backoff_secs: 86_400 }, 99)).toBe(86_400);
  expect(await secsOf({ backoff_secs: 5e-324, jitter: true }, 2)).toBe(0);
  const drawn = await Promise.all(Array.from({ length: 200 }, () => secsOf({ jitter: true }, 3)));
  expect(Math.max(...drawn)).toBeLessThanOrEqual(18);
  expect(Math.min(...drawn)).toBeLessThan(5);
  expect(Math.max(...drawn)).toBeGreaterThan(13);
});

// proves: lifecycle/retry-fenced
describe('what an attempt says that is over', () => {
  test('ends nothing, changes nothing, adds nothing', async () => {
    const { ids } = await submit(database.db, { a: tried(3) });
    await run(database.db, worker);
    await fail(ids.a, { attempt: 1 });
    await endBackoff();
    await run(database.db, worker);
    expect((await end(database.db, 'report', { id: ids.a, status: 'Success', attempt: 1 })).result).toEqual({
      ...{ outcome: 'conflict', status: 'Running', attempt: 2 },
    });
    await addProgress(database.db, [{ id: ids.a, attempt: 1, success: 5, failures: 0 }], { wait: true });
    await addProgress(database.db, [{ id: ids.a, attempt: 2, success: 1, failures: 0 }], { wait: true });
    expect(await updateTask(database.db, ids.a, { attempt: 1, priority: 9 })).toMatchObject({
      changed: false,
      attempt: 2,
    });
    expect(await stateOf(database.db, ids.a)).toMatchObject({ success: 1, priority: 0, attempt: 2 });
    expect(
      (await end(database.db, 'report', { id: ids.a, status: 'Success', attempt: 2 })).result,
    ).toMatchObject({
      outcome: 'applied',
    });
  });

  test('of two attempts of one task in one group, each is judged by itself', async () => {
    const { ids } = await submit(database.db, { a: tried(3) });
    await run(database.db, worker);
    const both = [1, 2].map((attempt) => ({ id: ids.a, attempt, success: 1, failures: 0 }));
    const { results } = await addProgress(database.db, both, { wait: true });
    expect(results.map((result) => result === null)).toEqual([true, false]);
  });

  test('starts nothing: the answer to its on_start came after its end', async () => {
    const { ids } = await submit(database.db, { a: tried(3) });
    await claimAll(database.db, worker);
    await fail(ids.a);
    const late = { id: ids.a, claim: 1, cancelAction: null };
    expect((await startTasks(database.db, [late], { wait: true })).results).toEqual([{ outcome: 'lost' }]);
    expect(await stateOf(database.db, ids.a)).toMatchObject({ status: 'Pending', attempt: 2 });
  });

  test('a next attempt that has not been called yet cannot be ended', async () => {
    const { ids } = await submit(database.db, { a: tried(3) });
    await run(database.db, worker);
    await fail(ids.a);
    expect((await end(database.db, 'report', { id: ids.a, status: 'Success' })).result).toMatchObject({
      ...{ outcome: 'conflict', status: 'Pending', attempt: 2 },
    });
  });
});

// proves: lifecycle/retry-like-pending, lifecycle/retry-place
describe('in backoff', () => {
  const inBackoff = async () => {
    const batch = await submit(database.db, { a: tried(3) });
    await run(database.db, worker);
    await fail(batch.ids.a);
    return batch;
  };

  test('it is canceled, and stopped, like any Pending task', async () => {
    const first = await inBackoff();
    await cancel(database.db, first.ids.a);
    expect(await statusesOf(database.db, first.id)).toEqual({ a: 'Canceled' });
    const second = await inBackoff();
    expect(await stopBatch(database.db, second.id)).toMatchObject({ before: { Pending: 1 } });
    expect(JSON.parse((await findTask(database.db, second.ids.a))!)).toMatchObject({
      next_attempt_at: null,
      attempt: 2,
    });
  });

  test('it is paused; resumed, it starts when its time has come', async () => {
    const { ids } = await inBackoff();
    await pauseTask(database.db, ids.a);
    await endBackoff();
    expect(await claimAll(database.db, worker)).toEqual([]);
    await resumeTask(database.db, ids.a);
    expect(await claimAll(database.db, worker)).toMatchObject([{ id: ids.a, attempt: 2 }]);
  });

  test('it is resumed before its time, and waits for it', async () => {
    const { ids } = await inBackoff();
    await pauseTask(database.db, ids.a);
    await resumeTask(database.db, ids.a);
    expect(await claimAll(database.db, worker)).toEqual([]);
    await endBackoff();
    expect(await claimAll(database.db, worker)).toHaveLength(1);
  });

  test('changed metadata, counts and priorities do not start it', async () => {
    const { ids } = await inBackoff();
    await updateTask(database.db, ids.a, { metadata: '{"x": 1}', expectedCount: 3, priority: 5 });
    expect(await claimAll(database.db, worker)).toEqual([]);
  });

  test('it holds no place of a rule', async () => {
    const rule = {
      type: 'Concurency',
      max_concurency: 1,
      matcher: { status: 'Running', kind: 'test', fields: [] },
    } as const;
    const { ids } = await submit(database.db, { a: tried(3, {}, { rules: [rule] }), b: { rules: [rule] } });
    expect(await run(database.db, worker)).toMatchObject([{ id: ids.a }]);
    const { effects } = await fail(ids.a);
    expect(effects.freed).toBe(true);
    expect(await run(database.db, worker)).toMatchObject([{ id: ids.b }]);
    await endBackoff();
    expect(await claimAll(database.db, worker)).toEqual([]);
    await succeed(database.db, ids.b);
    expect(await claimAll(database.db, worker)).toMatchObject([{ id: ids.a }]);
  });

  test('many that fail in one group each have their own attempt', async () => {
    const tasks = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [`t${n}`, n % 2 === 0 ? tried(2) : {}]),
    );
    const { id, ids } = await submit(database.db, tasks);
    await run(database.db, worker);
    const ends = Object.values(ids).map((task) => ({ id: task, status: 'Failure' as const, reason: task }));
    const { results, effects } = await endTasks(database.db, 'report', ends, {
      wait: true,
      cascadeLimit: 10,
    });
    expect(results.map((result) => typeof result === 'object' && result.outcome)).toEqual(
      Object.keys(ids).map((_, n) => (n % 2 === 0 ? 'retried' : 'applied')),
    );
    expect(effects).toMatchObject({ failed: 0, completed: 0 });
    expect(
      Object.values(await statusesOf(database.db, id)).filter((status) => status === 'Pending'),
    ).toHaveLength(10);
  });
});
