import {
  anAction,
  aWorker,
  deliveriesOf,
  findViolations,
  lockTask,
  openTransaction,
  run,
  stateOf,
  statusesOf,
  submit,
  useTestDatabase,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { addProgress } from './add-progress.ts';
import { propagateEnds } from './propagate-ends.ts';
import { timeOutTasks } from './time-out-tasks.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const timeOut = (limit = 100, cascadeLimit = 1000) => timeOutTasks(database.db, { limit, cascadeLimit });

/** Lets time pass for what runs. */
const age = (secs: number) =>
  sql`update task_state set check_at = check_at - make_interval(secs => ${secs}),
        started_at = started_at - make_interval(secs => ${secs}),
        last_updated = last_updated - make_interval(secs => ${secs})
      where status = 'Running'`.execute(database.db);

// proves: lifecycle/timeout, lifecycle/timeout-notifies
test('a task without a sign of life for its timeout fails, with all that follows', async () => {
  const { id, ids } = await submit(
    database.db,
    {
      a: { timeoutSecs: 30, kind: 'etl', onFailure: [anAction('failed')] },
      b: { timeoutSecs: 3600 },
      c: { needs: ['a'] },
      d: { follows: ['a'] },
    },
    {},
  );
  await run(database.db, worker);
  expect(await timeOut()).toMatchObject({ lookedAt: 0, ended: [] });
  await age(31);
  const before = await stateOf(database.db, ids.a);
  const result = await timeOut();
  expect(result).toMatchObject({
    lookedAt: 1,
    released: 1,
    failed: 1,
    notified: 1,
    completed: 0,
    unfinished: 0,
    nextAttemptsSecs: [],
    freed: false,
  });
  expect(result.ended).toEqual([{ id: ids.a, kind: 'etl', seconds: expect.closeTo(31, 0) }]);
  expect(await statusesOf(database.db, id)).toEqual({
    a: 'Failure',
    b: 'Running',
    c: 'Failure',
    d: 'Pending',
  });
  const after = await stateOf(database.db, ids.a);
  expect(after).toMatchObject({ failure_reason: 'Timeout', check_at: null });
  expect(after.last_updated).toEqual(before.last_updated);
  expect(await deliveriesOf(database.db, ids.a)).toMatchObject([{ trigger: 'End', condition: 'Failure' }]);
  expect(await findViolations(database.db)).toEqual([]);
});

// proves: http/put-refreshes
test('a sign of life puts the next look off, and is all that is needed', async () => {
  const { ids } = await submit(database.db, { a: { timeoutSecs: 30 } });
  await run(database.db, worker);
  await age(31);
  const { check_at: due } = await stateOf(database.db, ids.a);
  await addProgress(database.db, [{ id: ids.a, success: 1, failures: 0 }], { wait: true });
  // Progress itself leaves the index alone.
  expect((await stateOf(database.db, ids.a)).check_at).toEqual(due);
  expect(await timeOut()).toMatchObject({ lookedAt: 1, ended: [], completed: 0 });
  const state = await stateOf(database.db, ids.a);
  expect(state.status).toBe('Running');
  expect(state.check_at!.getTime() - state.last_updated.getTime()).toBe(30_000);
  expect(await timeOut()).toMatchObject({ lookedAt: 0 });
});

// proves: lifecycle/timeout-running-anew
test('claimed tasks have no timeout', async () => {
  await submit(database.db, { a: { timeoutSecs: 1 } });
  await sql`update task_state set last_updated = now() - interval '1 h'`.execute(database.db);
  expect(await timeOut()).toMatchObject({ lookedAt: 0, ended: [] });
});

test('batches that are being walked through, and rows that are locked, are looked at next time', async () => {
  const one = await submit(database.db, { a: {} });
  const two = await submit(database.db, { a: {} });
  const three = await submit(database.db, { a: {} });
  await run(database.db, worker);
  await age(61);
  const walk = await openTransaction(database.db);
  await sql`select pg_advisory_xact_lock(batch_lock_key(${one.id}))`.execute(walk.trx);
  const row = await lockTask(database.db, two.ids.a);
  expect((await timeOut()).ended).toHaveLength(1);
  expect(await statusesOf(database.db, three.id)).toEqual({ a: 'Failure' });
  await walk.commit();
  await row.commit();
  expect((await timeOut()).ended).toHaveLength(2);
});

test('a round is bounded, the most overdue first', async () => {
  const { ids } = await submit(database.db, {
    a: { timeoutSecs: 50 },
    b: { timeoutSecs: 10 },
    c: { timeoutSecs: 30 },
  });
  await run(database.db, worker);
  await age(60);
  expect(await timeOut(2)).toMatchObject({ lookedAt: 2 });
  expect(await stateOf(database.db, ids.a)).toMatchObject({ status: 'Running' });
  expect(await timeOut(2)).toMatchObject({ lookedAt: 1, completed: 1 });
});

test('several time-outs whose cascades are long go through, and the rest follows', async () => {
  const { id } = await submit(database.db, {
    a: {},
    b: {},
    a1: { needs: ['a'] },
    a2: { needs: ['a1'] },
    b1: { needs: ['b'] },
    b2: { needs: ['b1'] },
  });
  await run(database.db, worker);
  await age(61);
  const result = await timeOut(100, 1);
  expect(result.ended).toHaveLength(2);
  expect(result.unfinished).toBeGreaterThan(0);
  expect(await findViolations(database.db)).toEqual([]);
  while ((await propagateEnds(database.db, { limit: 1 })) !== null)
    expect(await findViolations(database.db)).toEqual([]);
  expect(new Set(Object.values(await statusesOf(database.db, id)))).toEqual(new Set(['Failure']));
});
