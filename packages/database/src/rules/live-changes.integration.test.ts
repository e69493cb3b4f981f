import {
  aWorker,
  cancel,
  claimUpTo,
  stateOf,
  submit,
  succeed,
  useTestDatabase,
  expectSoundAfterEach,
} from '@arcrun/database/testing';
import type { Rule } from '@arcrun/domain';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { addProgress } from '../operations/add-progress.ts';
import { changeRules } from '../operations/change-rules.ts';
import { mendPlaces } from '../operations/mend-places.ts';
import { updateTask } from '../operations/update-task.ts';

const database = useTestDatabase();
expectSoundAfterEach(database);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const atMost = (limit: number, fields: string[] = [], kind = 'test'): Rule => ({
  type: 'Concurency',
  max_concurency: limit,
  matcher: { status: 'Running', kind, fields },
});
const work = (limit: number): Rule => ({
  type: 'Capacity',
  max_capacity: limit,
  matcher: { status: 'Running', kind: 'test', fields: [] },
});
const claimed = async (limit = 100) => (await claimUpTo(database.db, worker, limit)).map((claim) => claim.id);

// proves: http/batch-rules, http/batch-rules-at-once, http/batch-rules-blocks
test('rules of a batch change for all tasks of the kind that have not ended, at once', async () => {
  const rules = [atMost(1)];
  const { id, ids } = await submit(database.db, {
    a: { rules },
    b: { rules },
    c: { rules },
    d: { rules, follows: ['c'] },
    other: { kind: 'other' },
  });
  expect(await claimed()).toEqual([ids.a, ids.other]);
  expect(await claimed()).toEqual([]);
  expect(await changeRules(database.db, { batchId: id, kind: 'test', rules: [atMost(2)] })).toBe(4);
  expect(await claimed()).toEqual([ids.b]);
  expect(await changeRules(database.db, { batchId: id, kind: 'test', rules: [] })).toBe(4);
  expect(await claimed()).toEqual([ids.c]);
  await succeed(database.db, ids.a);
  expect(await changeRules(database.db, { batchId: id, kind: 'test', rules: [work(5)] })).toBe(3);
  await succeed(database.db, ids.c);
  // Without expected_count a capacity rule blocks.
  expect(await claimed()).toEqual([]);
  await updateTask(database.db, ids.d, { expectedCount: 0 });
  expect(await claimed()).toEqual([ids.d]);
  expect(await changeRules(database.db, { batchId: id, kind: 'nobody', rules: [atMost(1)] })).toBe(0);
  expect(await changeRules(database.db, { batchId: ids.a, kind: 'test', rules: [] })).toBeNull();
});

test('rules of one batch that change leave another with the same set alone', async () => {
  const one = await submit(database.db, { a: { rules: [atMost(1)] }, b: { rules: [atMost(1)] } });
  const other = await submit(database.db, { c: { rules: [atMost(1)] } });
  await changeRules(database.db, { batchId: one.id, kind: 'test', rules: [atMost(9)] });
  expect(await claimed()).toEqual([one.ids.a, one.ids.b]);
  const { rows } = await sql<{ sets: number }>`select count(*)::integer as sets from rule_set`.execute(
    database.db,
  );
  expect(rows[0]!.sets).toBe(2);
  await succeed(database.db, one.ids.a);
  expect(await claimed()).toEqual([]);
  await succeed(database.db, one.ids.b);
  expect(await claimed()).toEqual([other.ids.c]);
});

// proves: rules/matching, rules/matching-ruleless, rules/running-means-claimed
test('a rule counts tasks that were running before any rule looked at them', async () => {
  await submit(database.db, { a: { metadata: '{"t":1}' }, b: { metadata: '{"t":2}' } });
  expect(await claimed()).toHaveLength(2);
  const { ids } = await submit(database.db, {
    c: { metadata: '{"t":1.0}', rules: [atMost(1, ['t'])] },
    d: { metadata: '{"t":3}', rules: [atMost(1, ['t'])] },
  });
  expect(await claimed()).toEqual([ids.d]);
});

// proves: rules/concurency-other-kind
test('another kind may match up to the limit, and 0 means only when none runs', async () => {
  const { ids } = await submit(database.db, {
    scan: { kind: 'scan' },
    a: { rules: [atMost(0, [], 'scan')] },
    b: { rules: [atMost(1, [], 'scan')] },
  });
  expect(await claimed(1)).toEqual([ids.scan]);
  expect(await claimed()).toEqual([ids.b]);
  await succeed(database.db, ids.scan);
  expect(await claimed()).toEqual([ids.a]);
});

// proves: rules/other-statuses
test('a task is not in its own way under a rule about Pending tasks', async () => {
  const rules: Rule[] = [
    { type: 'Concurency', max_concurency: 1, matcher: { status: 'Pending', kind: 'test', fields: [] } },
  ];
  const { ids } = await submit(database.db, { a: { rules }, b: { rules } });
  // Each has one other that is Pending.
  expect(await claimed()).toEqual([]);
  await updateTask(database.db, ids.b, { metadata: '{}' });
  const alone = await submit(database.db, {
    c: {
      kind: 'single',
      rules: [{ ...rules[0]!, matcher: { status: 'Pending', kind: 'single', fields: [] } }],
    },
  });
  expect(await claimed()).toEqual([alone.ids.c]);
});

// proves: rules/capacity, rules/capacity-overshoot, rules/capacity-progress
test('progress frees capacity at once, and one task may overshoot', async () => {
  const rules = [work(10)];
  const { ids } = await submit(database.db, {
    a: { rules, expectedCount: 9 },
    b: { rules, expectedCount: 50 },
    c: { rules, expectedCount: 1 },
  });
  expect(await claimed()).toEqual([ids.a, ids.b]);
  const { freed } = await addProgress(
    database.db,
    [
      { id: ids.b, success: 48, failures: 1 },
      { id: ids.a, success: 0, failures: 0 },
    ],
    { wait: true },
  );
  expect(freed).toBe(true);
  expect(await claimed()).toEqual([]);
  await addProgress(database.db, [{ id: ids.a, success: 1, failures: 0 }], { wait: true });
  expect(await claimed()).toEqual([ids.c]);
});

// proves: rules/missing-field, http/patch-at-once
test('a task that lacks a field is not started until it has it', async () => {
  const rules = [atMost(5, ['t'])];
  const { ids } = await submit(database.db, {
    a: { rules },
    b: { rules, metadata: '{"t":null}' },
    c: { rules, metadata: '["t"]' },
  });
  expect(await claimed()).toEqual([ids.b]);
  expect((await stateOf(database.db, ids.a)).status).toBe('Pending');
  await updateTask(database.db, ids.a, { metadata: '{"t":1}' });
  expect(await claimed()).toEqual([ids.a]);
});

// proves: rules/no-head-of-line, rules/freed-at-once, http/patch-at-once, http/priority
test('a blocked task of higher priority is passed by one that is allowed', async () => {
  const rules = [atMost(1)];
  const { ids } = await submit(database.db, {
    a: { rules },
    b: { rules, priority: 9 },
    c: { rules, priority: 8 },
    free: { kind: 'other', priority: -9 },
  });
  expect(await claimed()).toEqual([ids.b, ids.free]);
  await updateTask(database.db, ids.a, { priority: 10 });
  await succeed(database.db, ids.b);
  expect(await claimed()).toEqual([ids.a]);
});

test('more than 32 ways to look at a kind are refused', async () => {
  const wide = Array.from({ length: 33 }, (_, index) => [
    `t${index}`,
    { rules: [atMost(1, [`field${index}`])] },
  ]);
  await expect(submit(database.db, Object.fromEntries(wide))).rejects.toThrow(
    /kind test in more than 32 ways/,
  );
  await expect(submit(database.db, Object.fromEntries(wide.slice(1)))).resolves.toBeDefined();
});

// proves: rules/freed-at-once
test('the check mends what differs, and finds nothing where all is right', async () => {
  const rules = [atMost(1)];
  const { ids } = await submit(database.db, { a: { rules }, b: { rules } });
  expect(await claimed()).toEqual([ids.a]);
  expect(await mendPlaces(database.db, 0)).toEqual({ drifted: 0, lostHeads: 0, stuckLanes: 0 });
  await sql`update occupancy set amount = 7`.execute(database.db);
  await sql`update lane set rank = null, created_at = null, position = null, head = null, empty_since = now()`.execute(
    database.db,
  );
  expect(await mendPlaces(database.db, 0)).toEqual({ drifted: 1, lostHeads: 1, stuckLanes: 0 });
  await succeed(database.db, ids.a);
  expect(await claimed()).toEqual([ids.b]);
  await sql`delete from place_change`.execute(database.db);
  await sql`update lane set parked_key = (select key from occupancy limit 1), parked_ceiling = 99`.execute(
    database.db,
  );
  expect(await mendPlaces(database.db, 0)).toEqual({ drifted: 0, lostHeads: 0, stuckLanes: 1 });
  await succeed(database.db, ids.b);
  await claimed();
  expect(await mendPlaces(database.db, 0)).toEqual({ drifted: 0, lostHeads: 0, stuckLanes: 0 });
});

test('ways to look at a kind that no rule uses any more make room for new ones', async () => {
  const looks = (from: number, to: number): Rule[] =>
    Array.from({ length: to - from }, (_, index) => atMost(1, [`field${from + index}`]));
  const old = await submit(database.db, { a: { rules: looks(0, 32), metadata: '{"field0": 1}' }, plain: {} });
  const shapes = () => database.pool.query(`select from shape`).then(({ rowCount }) => rowCount);
  await claimed();
  await expect(submit(database.db, { b: { rules: looks(32, 34) } })).rejects.toThrow('more than 32 ways');
  await database.pool.query(`delete from sweep`);
  await mendPlaces(database.db, 0);
  expect(await shapes()).toBe(32);

  await changeRules(database.db, { batchId: old.id, kind: 'test', rules: [atMost(1, ['field0'])] });
  await database.pool.query(`delete from sweep`);
  await mendPlaces(database.db, 0);
  expect(await shapes()).toBe(1);
  const { ids } = await submit(database.db, {
    c: { rules: [atMost(1, ['field40'])], metadata: '{"field40": 1}' },
    d: { rules: [atMost(1, ['field40'])], metadata: '{"field40": 1}' },
  });
  expect(await claimed()).toContain(ids.c);
  expect(await claimed()).toEqual([]);
  expect(await mendPlaces(database.db, 0)).toEqual({ drifted: 0, lostHeads: 0, stuckLanes: 0 });
});

test('a lane that was empty for long is taken away, and made again when a task comes into it', async () => {
  const rules = [atMost(1, ['tenant'])];
  const { ids } = await submit(database.db, {
    first: { rules, metadata: '{"tenant": 1}' },
    later: { rules, metadata: '{"tenant": 1}', follows: ['first'] },
    plain: { follows: ['first'] },
  });
  expect(await claimed()).toEqual([ids.first]);
  const lanes = () => database.pool.query('select from lane').then(({ rowCount }) => rowCount);
  await mendPlaces(database.db, 0);
  expect(await lanes()).toBe(2);
  await sql`update lane set empty_since = now() - interval '11 minutes'`.execute(database.db);
  await mendPlaces(database.db, 0);
  expect(await lanes()).toBe(0);
  await succeed(database.db, ids.first);
  expect(await claimed()).toEqual([ids.later, ids.plain]);
  expect(await mendPlaces(database.db, 0)).toEqual({ drifted: 0, lostHeads: 0, stuckLanes: 0 });
});

describe('tasks of a lane that was taken away', () => {
  /** Two tasks have come into it, and one of them was told of. */
  const comeInto = async () => {
    const { ids } = await submit(database.db, {
      first: {},
      told: { follows: ['first'] },
      other: { follows: ['first'] },
    });
    expect(await claimed()).toEqual([ids.first]);
    await sql`update lane set empty_since = now() - interval '11 minutes'`.execute(database.db);
    await mendPlaces(database.db, 0);
    await succeed(database.db, ids.first);
    const { rows } = await database.pool.query('select id from arrived');
    expect(rows).toEqual([{ id: ids.told }]);
    return ids;
  };

  test('start when the one that was told of has ended before anybody looked', async () => {
    const ids = await comeInto();
    await cancel(database.db, ids.told);
    expect(await claimed()).toEqual([ids.other]);
  });

  test('are found by the sweep when nobody was told of any', async () => {
    const ids = await comeInto();
    await sql`delete from arrived`.execute(database.db);
    expect(await claimed()).toEqual([]);
    expect(await mendPlaces(database.db, 0)).toEqual({ drifted: 0, lostHeads: 1, stuckLanes: 0 });
    expect(await claimed()).toEqual([ids.told, ids.other]);
  });
});
