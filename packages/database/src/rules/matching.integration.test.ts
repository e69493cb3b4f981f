import {
  aWorker,
  claimUpTo,
  fail,
  start,
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
import { handBackDeadClaims } from '../operations/hand-back-dead-claims.ts';
import { pauseTask } from '../operations/pause-task.ts';
import { updateTask } from '../operations/update-task.ts';

const database = useTestDatabase();
expectSoundAfterEach(database);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const atMost = (limit: number, matcher: Partial<Rule['matcher']> = {}): Rule => ({
  type: 'Concurency',
  max_concurency: limit,
  matcher: { status: 'Running', kind: 'test', fields: [], ...matcher },
});
const claims = (by = worker) => claimUpTo(database.db, by, 100);
const claimed = async (by = worker) => (await claims(by)).map((claim) => claim.id);

describe('a task with the same values is counted, another is not', () => {
  // proves: rules/matching, rules/matching-json
  test.each([
    ['1', '1.0', true],
    ['1', '"1"', false],
    ['true', '"true"', false],
    ['null', 'null', true],
    ['null', 'false', false],
    ['"a"', '"A"', false],
    ['{"a":1,"b":[2,{"c":null}]}', '{"b":[2,{"c":null}],"a":1}', true],
    ['{"a":1}', '{"a":1,"b":2}', false],
    ['[1,2]', '[2,1]', false],
    ['{}', '[]', false],
    ['9007199254740993', '9007199254740992', false],
  ])('%s and %s', async (one, other, isSame) => {
    await submit(database.db, { runs: { metadata: `{"t":${one},"u":1}` } });
    await start(database.db, await claims());
    const rules = [atMost(1, { fields: ['t'] })];
    const { ids } = await submit(database.db, { asks: { rules, metadata: `{"u":2,"t":${other}}` } });
    expect(await claimed()).toEqual(isSame ? [] : [ids.asks]);
  });

  // proves: rules/matching
  test('for all of the fields, and of the kind', async () => {
    await submit(database.db, { runs: { metadata: '{"t":1,"u":1}' } });
    await claimed();
    const { ids } = await submit(database.db, {
      same: { metadata: '{"t":1,"u":1}', rules: [atMost(1, { fields: ['u', 't'] })] },
      half: { metadata: '{"t":1,"u":2}', rules: [atMost(1, { fields: ['t', 'u'] })] },
      kind: { metadata: '{"t":1,"u":1}', rules: [atMost(0, { fields: ['t'], kind: 'other' })] },
    });
    expect(await claimed()).toEqual([ids.half, ids.kind]);
  });

  // proves: rules/running-means-claimed
  test('be it Claimed or Running', async () => {
    const { ids } = await submit(database.db, { a: {}, b: { rules: [atMost(1)] } });
    const both = await claims();
    expect(both.map((claim) => claim.id)).toEqual([ids.a]);
    expect(await claimed()).toEqual([]);
    await start(database.db, both);
    expect(await claimed()).toEqual([]);
    await succeed(database.db, ids.a);
    expect(await claimed()).toEqual([ids.b]);
  });

  // proves: rules/other-statuses
  test('in just the status that the rule names, when that is another', async () => {
    const { ids } = await submit(database.db, { paused: {}, failed: { priority: 1 } });
    await pauseTask(database.db, ids.paused);
    await start(database.db, await claims());
    await fail(database.db, ids.failed);
    const asks = await submit(database.db, {
      paused: { kind: 'a', rules: [atMost(0, { status: 'Paused' })] },
      failure: { kind: 'a', rules: [atMost(0, { status: 'Failure' })] },
      running: { kind: 'a', rules: [atMost(0, { status: 'Running' })] },
      success: { kind: 'a', rules: [atMost(0, { status: 'Success' })] },
      pending: { kind: 'a', rules: [atMost(0, { status: 'Pending' })] },
    });
    expect(await claimed()).toEqual([asks.ids.running, asks.ids.success, asks.ids.pending]);
  });
});

const work = (limit: number): Rule => ({
  type: 'Capacity',
  max_capacity: limit,
  matcher: { status: 'Running', kind: 'test', fields: [] },
});

// proves: rules/remaining-never-negative, rules/capacity
test('who did more than was expected, or expects nothing, makes no room for others', async () => {
  const { ids } = await submit(database.db, {
    over: { expectedCount: 5 },
    none: {},
    rest: { expectedCount: 10 },
  });
  await claimed();
  const add = (id: string, success: number) =>
    addProgress(database.db, [{ id, success, failures: 0 }], { wait: true });
  await add(ids.over, 500);
  await add(ids.none, 500);
  await submit(database.db, { asks: { expectedCount: 1, rules: [work(10)] } });
  expect(await claimed()).toEqual([]);
  await add(ids.rest, 1);
  expect(await claimed()).toHaveLength(1);
});

// proves: rules/bind-claims
test('new metadata and new rules stop nothing that runs, and hold back what comes', async () => {
  const rules = [atMost(1, { fields: ['t'] })];
  const { id, ids } = await submit(database.db, {
    a: { rules, metadata: '{"t":1}' },
    b: { rules, metadata: '{"t":2}' },
    c: { rules, metadata: '{"t":1}' },
    d: { rules, metadata: '{"t":3}' },
  });
  await start(database.db, await claims());
  await updateTask(database.db, ids.b, { metadata: '{"t":1}' });
  expect(await changeRules(database.db, { batchId: id, kind: 'test', rules: [atMost(1)] })).toBe(4);
  const running = () =>
    sql<{ id: string }>`select id from task_state where status = 'Running' order by id`.execute(database.db);
  expect((await running()).rows.map((row) => row.id)).toEqual([ids.a, ids.b, ids.d]);
  expect(await claimed()).toEqual([]);
  for (const each of [ids.a, ids.d]) await succeed(database.db, each);
  expect(await claimed()).toEqual([]);
  await succeed(database.db, ids.b);
  expect(await claimed()).toEqual([ids.c]);
});

// proves: rules/atomic-crash, lifecycle/hand-back-lease
test('the places of a worker that died are free once, no sooner than its claims are given back', async () => {
  const rules = [atMost(2)];
  const tasks = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`t${n}`, { rules }]));
  await submit(database.db, tasks);
  const other = await aWorker(database.db);
  expect(await claimed()).toHaveLength(2);
  await sql`insert into sweep (name, ran_at) values ('leases', now())`.execute(database.db);
  await sql`update worker set lease_until = now() - interval '1 hour' where id = ${worker}`.execute(
    database.db,
  );
  expect(await claimed(other)).toEqual([]);
  await handBackDeadClaims(database.db, 6);
  await handBackDeadClaims(database.db, 6);
  expect(await claimed(other)).toHaveLength(2);
  expect(await claimed(other)).toEqual([]);
});

// proves: rules/all-rules
test('one rule that does not allow it is enough, and the place under another stays free', async () => {
  const both = [atMost(1, { fields: ['t'] }), atMost(2)];
  const { ids } = await submit(database.db, {
    a: { rules: both, metadata: '{"t":1}' },
    b: { rules: both, metadata: '{"t":1}', priority: -1 },
    c: { rules: [atMost(2)], priority: -2 },
  });
  expect(await claimed()).toEqual([ids.a, ids.c]);
  await succeed(database.db, ids.a);
  expect(await claimed()).toEqual([ids.b]);
});
