import {
  aWorker,
  batchRow,
  cancel,
  claimAll,
  fail,
  findViolations,
  lockTask,
  run,
  start,
  stateOf,
  submit,
  succeed,
  untilBlocked,
  useTestDatabase,
} from '@arcrun/database/testing';
import { beforeEach, expect, test } from 'vitest';
import { addProgress } from './add-progress.ts';

// Times are taken before a transaction has all its rows, and others go on meanwhile. What they say is in order all
// the same.

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

test('a dead end that starts while the climb is on its way has not ended before it started', async () => {
  const { ids } = await submit(database.db, { a: {}, b: { needs: ['a'] }, c: { needs: ['b'] } });
  const claims = await claimAll(database.db, worker);
  const row = await lockTask(database.db, ids.c);
  const canceling = cancel(database.db, ids.b);
  await untilBlocked(database.db, 'end_tasks');
  await start(database.db, claims);
  await row.commit();
  await canceling;
  const { status, started_at: startedAt, ended_at: endedAt } = await stateOf(database.db, ids.a);
  expect(status).toBe('Canceled');
  expect(startedAt).not.toBeNull();
  expect(endedAt!.getTime()).toBeGreaterThanOrEqual(startedAt!.getTime());
});

test('a dead end has not ended before the child that made it one', async () => {
  const { ids } = await submit(database.db, {
    a: {},
    b: { needs: ['a'] },
    c: { needs: ['b'] },
    d: { needs: ['c'] },
  });
  const row = await lockTask(database.db, ids.d);
  const canceling = cancel(database.db, ids.c);
  await untilBlocked(database.db, 'end_tasks');
  // b is still at work when the time of the cancel has been taken.
  await addProgress(database.db, [{ id: ids.b, success: 1, failures: 0 }], { wait: true });
  await row.commit();
  await canceling;
  const [parent, child] = [await stateOf(database.db, ids.a), await stateOf(database.db, ids.b)];
  expect([parent.status, child.status]).toEqual(['Canceled', 'Canceled']);
  expect(parent.ended_at!.getTime()).toBeGreaterThanOrEqual(child.ended_at!.getTime());
});

test('a batch is complete no earlier than its last end, in whatever order the ends are counted off', async () => {
  const { id, ids } = await submit(database.db, { a: {}, b: {}, c: { needs: ['a'] } });
  await run(database.db, worker);
  const row = await lockTask(database.db, ids.c);
  const failing = fail(database.db, ids.a);
  await untilBlocked(database.db, 'end_tasks');
  await succeed(database.db, ids.b);
  await row.commit();
  await failing;
  const { completed_at: completedAt } = await batchRow(database.db, id);
  const { ended_at: endedAt } = await stateOf(database.db, ids.b);
  expect(completedAt!.getTime()).toBeGreaterThanOrEqual(endedAt!.getTime());
  expect(await findViolations(database.db)).toEqual([]);
});
