import { randomUUID } from 'node:crypto';
import {
  anAction,
  aWorker,
  end,
  run,
  statusesOf,
  submit,
  useTestDatabase,
  expectSoundAfterEach,
} from '@arcrun/database/testing';
import { beforeEach, expect, test } from 'vitest';
import { archiveBatches } from './archive-batches.ts';
import { purgeArchive } from './purge-archive.ts';
import { claimTasks } from './claim-tasks.ts';
import { endTasks } from './end-tasks.ts';
import { findArchivedBatchSize } from './find-archived-batch-size.ts';
import { findBatch } from './find-batch.ts';
import { findDag } from './find-dag.ts';
import { findArchivedEnd } from './find-archived-end.ts';
import { findTask } from './find-task.ts';
import { listBatches } from './list-batches.ts';
import { takeSample } from './take-sample.ts';

const SAMPLES = { samplerId: randomUUID(), isPreferred: true, periodSecs: 0 };

const database = useTestDatabase();
expectSoundAfterEach(database);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const archive = (ageSecs = 0, limit = 1000) => archiveBatches(database.db, { ageSecs, limit });

const rowsIn = async (table: string): Promise<number> => {
  const { rows } = await database.pool.query<{ n: number }>(`select count(*)::integer as n from ${table}`);
  return rows[0]!.n;
};

/** A finished batch: a → b, c beside them. */
async function aFinishedBatch(notify = false) {
  const batch = await submit(database.db, {
    a: {
      expectedCount: 5,
      metadata: '{"big": 9007199254740993}',
      onSuccess: notify ? [anAction('told')] : [],
    },
    b: { needs: ['a'] },
    c: {},
  });
  await run(database.db, worker);
  await end(database.db, 'report', { id: batch.ids.a, status: 'Success', newSuccess: 5 });
  await end(database.db, 'report', { id: batch.ids.c, status: 'Failure', reason: 'broken' });
  await run(database.db, worker);
  await end(database.db, 'report', { id: batch.ids.b, status: 'Success' });
  return batch;
}

// proves: settings/retention-moves, settings/archived-batch, http/task-archived
test('an archived batch and its tasks answer as before, but for their actions', async () => {
  const { id, ids } = await aFinishedBatch();
  const before = {
    batch: await findBatch(database.db, id),
    dag: await findDag(database.db, id),
    task: await findTask(database.db, ids.a),
  };
  expect(await archive()).toEqual({ batches: 1, tasks: 3 });
  expect(await findBatch(database.db, id)).toBe(before.batch);
  expect(JSON.parse(await findDag(database.db, id))).toEqual(JSON.parse(before.dag));
  const task = (await findTask(database.db, ids.a))!;
  expect(JSON.parse(task)).toEqual({ ...(JSON.parse(before.task!) as object), actions: [] });
  expect(task).toContain('9007199254740993');
  expect(await findArchivedEnd(database.db, ids.c)).toEqual({ status: 'Failure', attempt: 1 });
  expect(await findArchivedBatchSize(database.db, id)).toBe(3);
  for (const table of ['task', 'task_state', 'link', 'batch', 'delivery'])
    expect(await rowsIn(table)).toBe(0);
  // A late report finds no task that it could change.
  const late = await endTasks(database.db, 'report', [{ id: ids.a, status: 'Failure', reason: 'late' }], {
    wait: true,
    cascadeLimit: 10,
  });
  expect(late.results).toEqual([{ outcome: 'unknown' }]);
});

// proves: settings/retention-moves
test('only what finished long enough ago moves, the first first, in chunks of whole batches', async () => {
  const old = [await aFinishedBatch(), await aFinishedBatch(), await aFinishedBatch()];
  const live = await submit(database.db, { a: {} });
  for (const [index, { id }] of old.entries()) {
    await database.pool.query(
      `update batch set completed_at = now() - make_interval(days => $2) where id = $1`,
      [id, 40 - index],
    );
  }
  const recent = await aFinishedBatch();
  const ageSecs = 30 * 86_400;
  expect(await archive(ageSecs, 4)).toEqual({ batches: 2, tasks: 6 });
  expect(await findArchivedBatchSize(database.db, old[2]!.id)).toBeNull();
  expect(await archive(ageSecs, 1)).toEqual({ batches: 1, tasks: 3 });
  expect(await archive(ageSecs)).toEqual({ batches: 0, tasks: 0 });
  expect(await statusesOf(database.db, live.id)).toEqual({ a: 'Running' });
  expect(await findArchivedBatchSize(database.db, recent.id)).toBeNull();
});

// proves: settings/retention-waits
test('a batch stays until its notifications are delivered or given up', async () => {
  const { id } = await aFinishedBatch(true);
  expect(await archive()).toEqual({ batches: 0, tasks: 0 });
  await database.pool.query(`update delivery set status = 'Exhausted', next_attempt_at = null`);
  expect(await archive()).toEqual({ batches: 1, tasks: 3 });
  const { rows } = await database.pool.query(`select batch_id, status from archived_delivery`);
  expect(rows).toEqual([{ batch_id: id, status: 'Exhausted' }]);
});

// proves: settings/archived-not-listed
test('rules about ended tasks look at live ones alone', async () => {
  const rule = {
    type: 'Concurency',
    max_concurency: 1,
    matcher: { status: 'Success', kind: 'counted', fields: [] },
  } as const;
  const counted = await submit(database.db, { a: { kind: 'counted' }, b: { kind: 'counted' } });
  await run(database.db, worker);
  for (const id of Object.values(counted.ids)) await end(database.db, 'report', { id, status: 'Success' });
  const { ids } = await submit(database.db, { waits: { rules: [rule] } });
  const claim = () => claimTasks(database.db, worker, { limit: 10, originRoom: 10 });
  expect((await claim()).claims).toEqual([]);
  await archive();
  expect((await claim()).claims).toMatchObject([{ id: ids.waits }]);
});

test('the gauges count live tasks alone', async () => {
  await aFinishedBatch();
  expect((await takeSample(database.db, SAMPLES)).sample.tasksByStatus).toEqual({ Success: 2, Failure: 1 });
  await archive();
  const { tasksByStatus } = (await takeSample(database.db, SAMPLES)).sample;
  expect(Object.values(tasksByStatus).every((count) => count === 0)).toBe(true);
});

// proves: settings/archived-not-listed
test('lists do not show what is archived', async () => {
  await aFinishedBatch();
  await archive();
  const filters = { kind: null, name: null, status: null, createdAfter: null, createdBefore: null };
  const all = { ...filters, scope: null, metadata: null, search: null };
  const { json } = await listBatches(database.db, all, { size: 10, offset: 0, after: null }, 10_000);
  expect(json).toBe('[]');
});

// proves: settings/retention-empties
test('an archive that is not kept for ever is emptied', async () => {
  const { id } = await aFinishedBatch();
  await archive();
  expect(await purgeArchive(database.db, { ageSecs: 3600, limit: 10 })).toBe(0);
  expect(await purgeArchive(database.db, { ageSecs: 0, limit: 10 })).toBe(1);
  expect(await findBatch(database.db, id)).toBeNull();
  for (const table of ['archived_batch', 'archived_task', 'archived_link', 'archived_delivery']) {
    expect(await rowsIn(table)).toBe(0);
  }
});

test('of several at once one archives', async () => {
  for (let i = 0; i < 5; i++) await aFinishedBatch();
  const rounds = await Promise.all(Array.from({ length: 4 }, () => archive(0, 100)));
  expect(rounds.reduce((sum, { batches }) => sum + batches, 0)).toBe(5);
});
