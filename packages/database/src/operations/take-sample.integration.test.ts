import { aWorker, end, run, submit, useTestDatabase } from '@arcrun/database/testing';
import { beforeEach, expect, test } from 'vitest';
import { openBreaker } from './move-breaker.ts';
import { takeSample } from './take-sample.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

// proves: metrics/scrape-cost
test('it counts what is live, and what has finished once', async () => {
  const done = await submit(database.db, { a: { kind: 'etl' }, b: { kind: 'etl' } });
  await run(database.db, worker);
  await end(database.db, 'report', { id: done.ids.a, status: 'Success' });
  await end(database.db, 'report', { id: done.ids.b, status: 'Failure', reason: 'broken' });
  await submit(database.db, { c: { kind: 'etl' }, d: { needs: ['c'] }, e: { kind: 'other' } });
  await run(database.db, worker);
  await submit(database.db, { f: {} });
  await openBreaker(database.db, 'http://gone.example', 30);
  const expected = {
    tasksByStatus: { Success: 1, Failure: 1, Running: 2, Waiting: 1, Pending: 1 },
    runningByKind: { etl: 1, other: 1 },
    oldestDueSecs: { timeout: 0, propagation: 0, webhook: 0 },
    workersAlive: 1,
    openBreakers: 1,
    pendingDeliveries: 0,
  };
  expect(await takeSample(database.db, 0)).toMatchObject(expected);
  expect(await takeSample(database.db, 0)).toMatchObject(expected);
});

test('of many at once one takes it, and all read it', async () => {
  await submit(database.db, { a: {} });
  await takeSample(database.db, 60);
  await submit(database.db, { b: {} });
  expect((await takeSample(database.db, 60)).tasksByStatus).toEqual({ Pending: 1 });
  const samples = await Promise.all(Array.from({ length: 8 }, () => takeSample(database.db, 0.2)));
  expect(new Set(samples.map((sample) => JSON.stringify(sample))).size).toBe(1);
});
