import {
  aWorker,
  claimUpTo,
  lockTask,
  run,
  stateOf,
  submit,
  succeed,
  useTestDatabase,
} from '@arcrun/database/testing';
import type { Rule } from '@arcrun/domain';
import { expect, test } from 'vitest';
import { findOldestDue } from './find-oldest-due.ts';
import { handBackClaims } from './hand-back-claims.ts';

const database = useTestDatabase();

const idsOf = (claims: readonly { id: string }[]) => claims.map((claim) => claim.id);

// proves: http/priority
test('higher priority first, then the older batch, then the position', async () => {
  const worker = await aWorker(database.db);
  const older = await submit(database.db, { a: {}, b: { priority: 5 }, c: {} });
  const newer = await submit(database.db, {
    d: { priority: 5 },
    e: {},
    f: { priority: -1 },
    g: { priority: 1000 },
  });
  const expected = [
    newer.ids.g,
    older.ids.b,
    newer.ids.d,
    older.ids.a,
    older.ids.c,
    newer.ids.e,
    newer.ids.f,
  ];
  expect(idsOf(await claimUpTo(database.db, worker, 3))).toEqual(expected.slice(0, 3));
  expect(idsOf(await claimUpTo(database.db, worker, 100))).toEqual(expected.slice(3));
  expect(await claimUpTo(database.db, worker, 100)).toEqual([]);
});

// proves: lifecycle/pending-claimed, lifecycle/started-at-never
test('a claim says what is to be called, and is on the row', async () => {
  const worker = await aWorker(database.db);
  const { id, ids } = await submit(database.db, { a: { kind: 'etl' } });
  const [claim] = await claimUpTo(database.db, worker, 1);
  expect(claim).toEqual({
    id: ids.a,
    batchId: id,
    claim: 1,
    attempt: 1,
    maxAttempts: 1,
    kind: 'etl',
    onStart: expect.stringMatching(/^[0-9a-f]{32}$/),
    origin: 'https://receiver.example',
    isProbe: false,
  });
  const state = await stateOf(database.db, ids.a);
  expect(state).toMatchObject({ status: 'Claimed', claim: 1, worker_id: worker, started_at: null });
  expect(state.check_at).not.toBeNull();
});

test('waiting tasks are not claimed', async () => {
  const worker = await aWorker(database.db);
  const { ids } = await submit(database.db, { a: {}, b: { follows: ['a'] } });
  expect(idsOf(await claimUpTo(database.db, worker, 10))).toEqual([ids.a]);
});

test('a task that somebody else has locked is passed over, not waited for', async () => {
  const worker = await aWorker(database.db);
  const { ids } = await submit(database.db, { a: {}, b: {} });
  const open = await lockTask(database.db, ids.a);
  expect(idsOf(await claimUpTo(database.db, worker, 1))).toEqual([ids.b]);
  await open.commit();
  expect(idsOf(await claimUpTo(database.db, worker, 1))).toEqual([ids.a]);
});

test('no lease, no claim', async () => {
  await submit(database.db, { a: {} });
  const dead = await aWorker(database.db, -1);
  expect(await claimUpTo(database.db, dead, 10)).toEqual([]);
  const unknown = '0190c2a5-0000-7000-8000-000000000001';
  expect(await claimUpTo(database.db, unknown, 10)).toEqual([]);
});

// proves: webhooks/claim-header
test('each claim of a task has a larger number', async () => {
  const worker = await aWorker(database.db);
  await submit(database.db, { a: {} });
  for (const number of [1, 2, 3]) {
    const claims = await claimUpTo(database.db, worker, 1);
    expect(claims).toMatchObject([{ claim: number }]);
    await handBackClaims(database.db, worker, claims);
  }
});

test('a place that a round had no room left for is due, should its bell be lost', async () => {
  const worker = await aWorker(database.db);
  const atMost = (limit: number, fields: string[]): Rule => ({
    type: 'Concurency',
    max_concurency: limit,
    matcher: { status: 'Running', kind: 'test', fields },
  });
  // Of different tenants, so that they are not in one lane.
  const ofTenant = (tenant: number) => ({
    metadata: JSON.stringify({ tenant }),
    rules: [atMost(2, []), atMost(1, ['tenant'])],
  });
  const { ids } = await submit(database.db, {
    a: ofTenant(1),
    b: ofTenant(2),
    c: ofTenant(3),
    d: ofTenant(4),
  });
  await run(database.db, worker);
  const due = async () => (await findOldestDue(database.db)).start;
  expect(await due()).toBeNull();
  await succeed(database.db, ids.a);
  await succeed(database.db, ids.b);
  expect(idsOf(await claimUpTo(database.db, worker, 1))).toEqual([ids.c]);
  expect(await due()).not.toBeNull();
  expect(idsOf(await claimUpTo(database.db, worker, 1))).toEqual([ids.d]);
  await claimUpTo(database.db, worker, 1);
  expect(await due()).toBeNull();
});
