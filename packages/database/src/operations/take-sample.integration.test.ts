import { randomUUID } from 'node:crypto';
import { aWorker, end, openTransaction, run, submit, until, useTestDatabase } from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { openBreaker } from './open-breaker.ts';
import { type SampleTurn, takeSample } from './take-sample.ts';

const one = (periodSecs: number): SampleTurn => ({ samplerId: randomUUID(), isPreferred: true, periodSecs });

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
  for (let sample = 0; sample < 2; sample++)
    expect(await takeSample(database.db, one(0))).toMatchObject({ sample: expected, isOwn: true });
});

// proves: metrics/sampled-once
test('of many at once one takes it, and goes on taking it', async () => {
  await submit(database.db, { a: {} });
  const many = Array.from({ length: 8 }, () => ({
    samplerId: randomUUID(),
    isPreferred: true,
    periodSecs: 60,
  }));
  const first = await Promise.all(many.map((turn) => takeSample(database.db, turn)));
  expect(first.filter(({ isOwn }) => isOwn)).toHaveLength(1);
  for (const { sample } of first) expect(sample.tasksByStatus).toEqual({ Pending: 1 });
  const holder = many[first.findIndex(({ isOwn }) => isOwn)]!;
  await submit(database.db, { b: {} });
  // Too early for a new one, for the one that takes them too.
  expect(await takeSample(database.db, holder)).toMatchObject({ isOwn: true, sample: first[0]!.sample });
  await age(45);
  const next = await Promise.all(many.toReversed().map((turn) => takeSample(database.db, turn)));
  expect(next.toReversed().map(({ isOwn }) => isOwn)).toEqual(first.map(({ isOwn }) => isOwn));
  expect((await takeSample(database.db, holder)).sample.tasksByStatus).toEqual({ Pending: 2 });
});

// proves: metrics/sampled-once
test('another takes over from one that fell silent, and one that is preferred from one that is not', async () => {
  const [worker1, worker2, api1, api2] = [false, false, true, true].map((isPreferred) => ({
    samplerId: randomUUID(),
    isPreferred,
    periodSecs: 60,
  })) as [SampleTurn, SampleTurn, SampleTurn, SampleTurn];
  const takes = async (turn: SampleTurn) => (await takeSample(database.db, turn)).isOwn;
  expect(await takes(worker1)).toBe(true);
  expect([await takes(worker2), await takes(api1), await takes(api2)]).toEqual([false, true, false]);
  await age(70);
  expect(await takes(worker1)).toBe(false);
  await age(-70);
  await age(70);
  expect([await takes(worker2), await takes(api2)]).toEqual([false, false]);
  await age(60);
  expect(await takes(worker2)).toBe(true);
  expect(await takes(api1)).toBe(true);
});

// proves: metrics/oldest-snapshot
test('it tells how old the oldest snapshot is', async () => {
  const secs = async () => (await takeSample(database.db, one(0))).sample.oldestSnapshotSecs;
  const held = await openTransaction(database.db);
  await sql`set transaction isolation level repeatable read`.execute(held.trx);
  await sql`select from batch`.execute(held.trx);
  await until('it is a moment old', async () => (await secs()) > 1);
  await held.commit();
  expect(await secs()).toBeLessThan(1);
});

/** Makes the last sample older. */
async function age(secs: number): Promise<void> {
  await sql`update sample set taken_at = taken_at - make_interval(secs => ${secs})`.execute(database.db);
}
