import { anAction, aWorker, fail, run, submit, succeed, useTestDatabase } from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { beginSweep } from './begin-sweep.ts';
import { claimTasks } from './claim-tasks.ts';
import { leaseDeliveries } from './lease-deliveries.ts';
import { mendPlaces } from './mend-places.ts';
import { openBreaker } from './open-breaker.ts';
import { recordDeliveries } from './record-deliveries.ts';

const REST_SECS = 10;
const BOUNDS = { limit: 10, originRoom: 10, leaseSecs: 60 };

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
  await mendPlaces(database.db, 0);
});

const isNeeded = () => beginSweep(database.db, REST_SECS);

/** Age of what is noted down of a duty. */
const noted = async (name: string): Promise<number | undefined> => {
  const { rows } = await sql<{ secs: number }>`
    select extract(epoch from now() - ran_at)::float8 as secs from sweep where name = ${name}`.execute(
    database.db,
  );
  return rows[0]?.secs;
};

test('a sweep is needed while a task is unfinished, and not before or after', async () => {
  expect(await isNeeded()).toBe(false);
  const { ids } = await submit(database.db, { a: {} });
  expect(await isNeeded()).toBe(true);
  await run(database.db, worker);
  expect(await isNeeded()).toBe(true);
  await succeed(database.db, ids.a);
  expect(await isNeeded()).toBe(false);
});

test('a sweep is needed until the last notification is delivered', async () => {
  const { ids } = await submit(database.db, { a: { onFailure: [anAction('failed')] } });
  await run(database.db, worker);
  await fail(database.db, ids.a);
  expect(await isNeeded()).toBe(true);
  const { leased } = await leaseDeliveries(database.db, worker, BOUNDS);
  expect(await isNeeded()).toBe(true);
  await recordDeliveries(
    database.db,
    worker,
    leased.map(({ id, attempt }) => ({ id, attempt, outcome: 'Success', error: null, retryInSecs: null })),
  );
  expect(await isNeeded()).toBe(false);
});

test('a sweep is needed for places that no round has taken in', async () => {
  await openBreaker(database.db, 'https://receiver.example', 60);
  await sql`delete from origin_breaker`.execute(database.db);
  expect(await isNeeded()).toBe(true);
  await claimTasks(database.db, worker, BOUNDS);
  expect(await isNeeded()).toBe(false);
});

test('a sweep is needed for a worker that is gone, an open breaker and an old key', async () => {
  await aWorker(database.db, -1);
  expect(await isNeeded()).toBe(true);
  await sql`delete from worker where lease_until < now()`.execute(database.db);
  expect(await isNeeded()).toBe(false);

  await sql`insert into origin_breaker values ('https://a.example', now(), now())`.execute(database.db);
  expect(await isNeeded()).toBe(true);
  await sql`delete from origin_breaker`.execute(database.db);

  await sql`
    insert into idempotency_key (call, key, body_hash, batch_id, created_at)
    values ('POST /task', 'k', '', gen_random_uuid(), now() - interval '2 days')`.execute(database.db);
  expect(await isNeeded()).toBe(true);
});

test('at rest a whole sweep comes from time to time', async () => {
  expect(await isNeeded()).toBe(false);
  await sql`update sweep set ran_at = now() - interval '11 s' where name = 'places'`.execute(database.db);
  expect(await isNeeded()).toBe(true);
});

test('it is noted down, at rest for the leases too, which nobody looks at then', async () => {
  await isNeeded();
  expect(await noted('sweep')).toBeLessThan(5);
  expect(await noted('leases')).toBeLessThan(5);
  await sql`update sweep set ran_at = now() - interval '1 hour' where name <> 'places'`.execute(database.db);
  await submit(database.db, { a: {} });
  await isNeeded();
  expect(await noted('sweep')).toBeLessThan(5);
  expect(await noted('leases')).toBeGreaterThan(3000);
});
