import {
  aWorker,
  claimAll,
  end,
  start,
  stateOf,
  submit,
  useTestDatabase,
  expectSoundAfterEach,
} from '@arcrun/database/testing';
import { beforeEach, expect, test } from 'vitest';
import { claimTasks } from './claim-tasks.ts';
import type { StoredAction } from '../stored-actions.ts';
import { findOldestDue } from './find-oldest-due.ts';
import { handBackClaims } from './hand-back-claims.ts';
import { leaseDeliveries } from './lease-deliveries.ts';
import { mendPlaces } from './mend-places.ts';
import { closeBreaker } from './close-breaker.ts';
import { openBreaker } from './open-breaker.ts';
import { putOffProbe } from './put-off-probe.ts';
import { recordDeliveries } from './record-deliveries.ts';

const database = useTestDatabase();
expectSoundAfterEach(database);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const DEAD = 'http://dead.example';
const ALIVE = 'http://alive.example';

const to = (origin: string, path = 'start'): StoredAction => {
  const url = `${origin}/${path}`;
  return { url, verb: 'Post', headers: null, body: null, retry: null, key: JSON.stringify([url]) };
};

const claim = (limit = 10, rooms: Record<string, number> = {}, originRoom = limit) =>
  claimTasks(database.db, worker, { limit, originRoom, rooms: new Map(Object.entries(rooms)) });

const lease = (limit = 10, rooms: Record<string, number> = {}, originRoom = limit) =>
  leaseDeliveries(database.db, worker, {
    limit,
    leaseSecs: 60,
    originRoom,
    rooms: new Map(Object.entries(rooms)),
  });

const makeProbeDue = () =>
  database.pool.query(`update origin_breaker set probe_at = now() - interval '1 ms'`);

/** Tasks that have succeeded, each with one notification to that origin. */
async function endedTasks(origin: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `t${index}`);
  const { ids } = await submit(
    database.db,
    Object.fromEntries(names.map((name) => [name, { onStart: to(ALIVE), onSuccess: [to(origin, name)] }])),
  );
  await start(database.db, await claimAll(database.db, worker));
  for (const id of Object.values(ids)) await end(database.db, 'report', { id, status: 'Success' });
}

// proves: webhooks/origin-open-tasks
test('tasks of an origin whose breaker is open stay Pending; those of others start', async () => {
  const { ids } = await submit(database.db, {
    first: { onStart: to(DEAD), priority: 5 },
    second: { onStart: to(ALIVE) },
  });
  expect(await openBreaker(database.db, DEAD, 30)).toBe(true);
  expect(await openBreaker(database.db, DEAD, 30)).toBe(false);
  expect((await claim()).claims.map(({ id }) => id)).toEqual([ids.second]);
  expect(await stateOf(database.db, ids.first)).toMatchObject({ status: 'Pending' });
  // Nothing is due: nobody has to be told.
  expect(await findOldestDue(database.db)).toEqual({ start: null, propagation: null, webhook: null });

  expect(await closeBreaker(database.db, DEAD)).toBe(true);
  expect(await closeBreaker(database.db, DEAD)).toBe(false);
  expect((await claim()).claims.map(({ id }) => id)).toEqual([ids.first]);
});

// proves: webhooks/origin-probe
test('one task probes, and no other before the answer or the time is over', async () => {
  const { ids } = await submit(database.db, {
    a: { onStart: to(DEAD) },
    b: { onStart: to(DEAD) },
    c: { onStart: to(ALIVE) },
  });
  await openBreaker(database.db, DEAD, 30);
  await claim();
  await makeProbeDue();
  expect((await findOldestDue(database.db)).start).toBe(DEAD);
  const probe = await claim();
  expect(probe.claims).toMatchObject([{ id: ids.a, isProbe: true }]);
  expect(probe.heldBack).toBe(false);
  expect((await claim()).claims).toEqual([]);
  expect((await findOldestDue(database.db)).start).toBeNull();

  // Without an answer it goes back, and waits for the next time.
  await putOffProbe(database.db, DEAD, { recoverySecs: 30, maxAgeSecs: 600 });
  await handBackClaims(database.db, worker, probe.claims);
  expect((await claim()).claims).toEqual([]);
  expect(await stateOf(database.db, ids.a)).toMatchObject({ status: 'Pending', claim: 1 });
  await makeProbeDue();
  expect((await claim()).claims).toMatchObject([{ id: ids.a, claim: 2, isProbe: true }]);
});

test('a probe that is lost with its worker is made again after its time', async () => {
  const { ids } = await submit(database.db, { a: { onStart: to(DEAD) }, b: { onStart: to(DEAD) } });
  await openBreaker(database.db, DEAD, 30);
  await makeProbeDue();
  expect((await claim()).claims).toMatchObject([{ id: ids.a, isProbe: true }]);
  await makeProbeDue();
  expect((await claim()).claims).toMatchObject([{ id: ids.b, isProbe: true }]);
});

// proves: webhooks/origin-probe
test('a due notification probes before any task', async () => {
  await endedTasks(DEAD, 2);
  const { ids } = await submit(database.db, { a: { onStart: to(DEAD) } });
  await openBreaker(database.db, DEAD, 30);
  expect((await lease()).leased).toEqual([]);
  await makeProbeDue();
  expect((await claim()).claims).toEqual([]);
  expect((await findOldestDue(database.db)).webhook).toBe(DEAD);
  const { leased } = await lease();
  expect(leased).toMatchObject([{ origin: DEAD, isProbe: true, attempt: 1 }]);
  expect((await lease()).leased).toEqual([]);

  // It did not use up an attempt; the other one is first now.
  await putOffProbe(database.db, DEAD, { recoverySecs: 30, maxAgeSecs: 600 });
  await recordDeliveries(database.db, worker, [
    {
      id: leased[0]!.id,
      attempt: 1,
      outcome: 'Pending',
      error: 'refused',
      retryInSecs: 0,
      isUnused: true,
    },
  ]);
  await makeProbeDue();
  const next = (await lease()).leased;
  expect(next).toMatchObject([{ isProbe: true, attempt: 1 }]);
  expect(next[0]!.id).not.toBe(leased[0]!.id);

  await closeBreaker(database.db, DEAD);
  expect((await lease()).leased).toMatchObject([{ id: leased[0]!.id, attempt: 1, isProbe: false }]);
  expect((await claim()).claims).toMatchObject([{ id: ids.a, isProbe: false }]);
});

test('a probe needs the room of its rules like any other start', async () => {
  const rules = [
    { type: 'Concurency', max_concurency: 1, matcher: { status: 'Running', kind: 'one', fields: [] } },
  ] as const;
  await submit(database.db, { running: { kind: 'one', onStart: to(ALIVE) } });
  const [held] = (await claim()).claims;
  const { ids } = await submit(database.db, {
    blocked: { kind: 'one', onStart: to(DEAD), priority: 9, rules: [...rules] },
    allowed: { kind: 'other', onStart: to(DEAD) },
  });
  await openBreaker(database.db, DEAD, 30);
  await claim();
  await makeProbeDue();
  expect((await claim()).claims).toMatchObject([{ id: ids.allowed, isProbe: true }]);
  await makeProbeDue();
  expect((await claim()).claims).toEqual([]);
  expect((await findOldestDue(database.db)).start).toBeNull();
  await handBackClaims(database.db, worker, [held!]);
  await end(database.db, 'report', { id: held!.id, status: 'Success' });
  expect((await claim()).claims).toMatchObject([{ id: ids.blocked, isProbe: true }]);
});

// proves: webhooks/origin-probe
test('of several workers at once one probes', async () => {
  await endedTasks(DEAD, 5);
  await submit(
    database.db,
    Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`t${index}`, { onStart: to(DEAD) }])),
  );
  await openBreaker(database.db, DEAD, 30);
  for (let round = 0; round < 100; round++) {
    await makeProbeDue();
    const taken = await Promise.all([
      ...Array.from({ length: 3 }, async () => (await lease()).leased.length),
      ...Array.from({ length: 3 }, async () => (await claim()).claims.length),
    ]);
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(1);
    await database.pool.query(
      `update delivery set next_attempt_at = now() - interval '1 ms' where status = 'Pending'`,
    );
  }
});

// proves: webhooks/origin-cap
test('no more are claimed for one origin than this worker may call, and the rest is told of', async () => {
  const { ids } = await submit(database.db, {
    a: { onStart: to(DEAD) },
    b: { onStart: to(DEAD) },
    c: { onStart: to(DEAD) },
    d: { onStart: to(ALIVE) },
  });
  const round = await claim(10, { [DEAD]: 2 });
  expect(round.claims.map(({ id }) => id)).toEqual([ids.a, ids.b, ids.d]);
  expect(round.heldBack).toBe(true);
  const full = await claim(10, { [DEAD]: 0 });
  expect(full).toMatchObject({ claims: [], heldBack: true });
  // Another worker, or this one when calls have ended.
  const last = await claim(10, {}, 1);
  expect(last.claims.map(({ id }) => id)).toEqual([ids.c]);
  expect(last.heldBack).toBe(false);
});

// proves: webhooks/slow-receivers
test('notifications to slow receivers do not keep others waiting, however many are in front', async () => {
  await endedTasks(DEAD, 60);
  await endedTasks('http://slow.example', 60);
  await endedTasks(ALIVE, 3);
  await openBreaker(database.db, DEAD, 30);
  const { leased, heldBack } = await lease(5, { 'http://slow.example': 1 });
  expect(leased.map(({ origin }) => origin).toSorted()).toEqual([ALIVE, ALIVE, ALIVE, 'http://slow.example']);
  expect(heldBack).toBe(true);
});

// proves: webhooks/exhausted
test('behind an open breaker all that are too old are given up, not only the one that probes', async () => {
  await endedTasks(DEAD, 3);
  await endedTasks(ALIVE, 1);
  await openBreaker(database.db, DEAD, 30);
  const age = (which: string) =>
    database.pool.query(`update delivery set created_at = now() - interval '1 hour' where ${which}`);
  await age(`id not in (select max(id::text)::uuid from delivery where origin = '${DEAD}')`);
  await database.pool.query(`
    update delivery set last_error = 'timed out'
    where id = (select min(id::text)::uuid from delivery where origin = '${DEAD}')`);
  const putOff = () => putOffProbe(database.db, DEAD, { recoverySecs: 30, maxAgeSecs: 600 });
  expect(await putOff()).toEqual([{ trigger: 'End', exhausted: 2 }]);
  const { rows } = await database.pool.query(
    'select origin, status, last_error from delivery order by origin, id',
  );
  expect(rows).toEqual([
    { origin: ALIVE, status: 'Pending', last_error: null },
    { origin: DEAD, status: 'Exhausted', last_error: 'timed out' },
    { origin: DEAD, status: 'Exhausted', last_error: 'its receiver does not answer' },
    { origin: DEAD, status: 'Pending', last_error: null },
  ]);
  // What was made due by hand is as young as that; what somebody is delivering is his.
  await age('true');
  await database.pool.query(`update delivery set retried_at = now() where status = 'Pending'`);
  expect(await putOff()).toEqual([]);
  await database.pool.query(`update delivery set retried_at = null`);
  await database.pool.query(
    `update delivery set next_attempt_at = now() + interval '1 minute' where status = 'Pending'`,
  );
  expect(await putOff()).toEqual([]);
});

test('the sweep finds what is due behind all that waits for open breakers', async () => {
  await endedTasks(DEAD, 1);
  await database.pool.query(`
    insert into delivery (task_id, trigger, condition, position, action, origin, next_attempt_at, created_at, updated_at)
    select task_id, trigger, condition, position + n, action, origin, next_attempt_at, created_at, updated_at
    from delivery cross join generate_series(1, 1000) n`);
  await openBreaker(database.db, DEAD, 30);
  expect((await findOldestDue(database.db)).webhook).toBeNull();
  await endedTasks(ALIVE, 2);
  const { rows } = await database.pool.query(
    `select id from delivery where origin = '${ALIVE}' order by next_attempt_at limit 1`,
  );
  expect((await findOldestDue(database.db)).webhook).toBe(rows[0].id);
  await database.pool.query('delete from delivery where position > 0');
});

test('a breaker that nothing waits for is forgotten', async () => {
  await openBreaker(database.db, DEAD, 30);
  await claim();
  await mendPlaces(database.db, 0);
  const breakers = () => database.pool.query('select from origin_breaker').then(({ rowCount }) => rowCount);
  expect(await breakers()).toBe(1);
  await database.pool.query(`update origin_breaker set probe_at = now() - interval '61 minutes'`);
  await mendPlaces(database.db, 0);
  expect(await breakers()).toBe(0);
});
