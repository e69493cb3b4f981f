import {
  aWorker,
  claimUpTo,
  createTestDatabase,
  start,
  submit,
  type TestDatabase,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { endTasks } from '../operations/end-tasks.ts';
import { type BatchConditions, byBatch, byTasks } from './batch-keys.ts';
import { allOf, type Condition } from './conditions.ts';
import { withinTimeLimit } from './time-limit.ts';
import {
  inBatch,
  inStatus,
  inStatusFrom,
  isBehind,
  namedFrom,
  type Keys,
  search,
  type TaskConditions,
  type TaskKey,
  walk,
} from './task-keys.ts';

// Whatever a list goes by, it finds the same rows in the same order as the plainest statement that says what is wanted.

const LIMIT_MS = 10_000;
const BATCHES = 60;
const KINDS = ['extract', 'transform', 'load'];
const NAMES = ['orders', 'customers', 'payments'];
/** How old the batches are: some of the same minute, hour, day, and on to half a year, for cells of all lengths. */
const ageSecs = (n: number): number => (n < 20 ? n * 7 : Math.round(1.22 ** (n - 20) * 3600));

let database: TestDatabase;
/** Of batches of all ages, the newest first. */
let batchIds: string[];

beforeAll(async () => {
  database = await createTestDatabase(inject('templateUrl'));
  batchIds = [];
  for (let n = 0; n < BATCHES; n++) batchIds.push(await submitBatch(n));
  await endSome(120);
  await database.pool.query(
    `update batch set created_at = now() - a.secs * interval '1 s'
     from unnest($1::uuid[], $2::integer[]) as a (id, secs) where a.id = batch.id`,
    [batchIds, batchIds.map((_, n) => ageSecs(n))],
  );
  for (const table of ['task', 'task_state'])
    await database.pool.query(
      `update ${table} t set created_at = b.created_at from batch b where b.id = t.batch_id`,
    );
  // As those have it whose names have too many words.
  await database.pool.query('update batch set name_words = null where id = any($1)', [
    batchIds.filter((_, n) => n % 11 === 5),
  ]);
  await database.pool.query('vacuum analyze');
});
afterAll(() => database.close());

async function submitBatch(n: number): Promise<string> {
  const tasks = Array.from({ length: 1 + (n % 7) }, (_, i) => [
    `${n < BATCHES / 2 ? '' : 'old-'}${NAMES[(n + i) % NAMES.length]}-${n}-${i}`,
    {
      kind: KINDS[(n * i) % KINDS.length]!,
      timeoutSecs: i === 3 ? 300 : 60,
      metadata: i % 2 === 0 ? JSON.stringify({ tenant: n % 5, i }) : null,
    },
  ]);
  const asObject = {
    postedAsObject: true,
    scope: `scope-${n % 4}`,
    metadata: JSON.stringify({ owner: n % 3 }),
  };
  const { id } = await submit(database.db, Object.fromEntries(tasks), n % 2 === 0 ? asObject : {});
  return id;
}

/** Most succeed; some batches are then finished, in some tasks run, in some none has started. */
async function endSome(count: number): Promise<void> {
  const worker = await aWorker(database.db);
  const claims = await claimUpTo(database.db, worker, count);
  await start(database.db, claims.slice(0, -10));
  const ends = claims
    .slice(0, -20)
    .map(({ id }, n) =>
      n % 9 === 0 ? { id, status: 'Failure' as const, reason: 'broken' } : { id, status: 'Success' as const },
    );
  await endTasks(database.db, 'report', ends, { wait: true, cascadeLimit: 10 });
}

const TASKS: readonly TaskConditions[] = [
  {},
  { name: 'orders' },
  { name: 'old-' },
  { name: '-5' },
  // Of a batch that lies between two samples.
  { name: '-25-' },
  { name: 'r' },
  { name: 'nowhere' },
  { kinds: ['load'] },
  { kinds: ['load', 'extract'] },
  { kinds: ['nothing'] },
  { kindText: 'tra' },
  { timeoutSecs: 300 },
  { timeoutSecs: 77 },
  { metadata: '{"tenant": 3}' },
  { metadata: '{}' },
  { name: 'orders', kinds: ['load'], metadata: '{"i": 2}', timeoutSecs: 60 },
];
const STATUSES = ['Pending', 'Claimed', 'Running', 'Success', 'Failure', 'Paused'] as const;

describe('tasks', () => {
  const keysOf = async (keys: Keys): Promise<TaskKey[]> => {
    const { rows } = await withinTimeLimit(database.db, LIMIT_MS, (db) =>
      sql<TaskKey>`
        select rfc3339(created_at) as "createdAt", batch_id as "batchId", position from (${keys}) p`.execute(
        db,
      ),
    );
    return rows;
  };
  const expected = (conditions: TaskConditions & { batchId?: string }): Promise<TaskKey[]> => {
    const { name, kinds, kindText, timeoutSecs, metadata, status, batchId } = conditions;
    const all: Condition[] = [];
    if (name != null) all.push(sql`strpos(t.name, ${name}) > 0`);
    if (kinds != null) all.push(sql`t.kind in (${sql.join(kinds)})`);
    if (kindText != null) all.push(sql`strpos(t.kind, ${kindText}) > 0`);
    if (timeoutSecs != null) all.push(sql`t.timeout_secs = ${timeoutSecs}`);
    if (metadata != null) all.push(sql`t.metadata @> ${metadata}::jsonb`);
    if (status != null) all.push(sql`s.status = ${status}`);
    if (batchId !== undefined) all.push(sql`t.batch_id = ${batchId}`);
    return keysOf(sql`
      select t.* from task t join task_state s on s.id = t.id where ${allOf(all)}
      order by t.created_at desc, t.batch_id desc, t.position`);
  };

  test.each(TASKS)(
    'search for %j, wherever the index begins to be asked, and behind any row',
    async (conditions) => {
      for (const status of [null, 'Success', 'Failure'] as const) {
        const wanted = await expected({ ...conditions, status });
        for (const looks of [1, 30, 1000]) {
          expect(await keysOf(search({ ...conditions, status }, null, looks))).toEqual(wanted);
          for (const at of [0, 1, Math.floor(wanted.length / 2), wanted.length - 1]) {
            const after = wanted[at];
            if (after === undefined) continue;
            expect(await keysOf(search({ ...conditions, status }, after, looks))).toEqual(
              wanted.slice(at + 1),
            );
          }
        }
      }
    },
  );

  test.each(STATUSES)('%s, alone and with others, in all batches and in one', async (status) => {
    for (const conditions of TASKS) {
      const wanted = await expected({ ...conditions, status });
      expect(await keysOf(inStatus(status, conditions, null))).toEqual(wanted);
      if (conditions === TASKS[0])
        for (const skip of [0, 1, 17, 30])
          expect(await keysOf(inStatusFrom(status, skip))).toEqual(wanted.slice(skip));
      const after = wanted[Math.floor(wanted.length / 2)];
      if (after === undefined) continue;
      expect(await keysOf(inStatus(status, conditions, after))).toEqual(
        wanted.slice(Math.floor(wanted.length / 2) + 1),
      );
      const { batchId } = after;
      expect(await keysOf(inStatus(status, { ...conditions, batchId }, null))).toEqual(
        await expected({ ...conditions, status, batchId }),
      );
    }
  });

  // 'ers' is in two words.
  test.each(['orders', 'customers', 'ers', 'old', 'nowhere'])(
    'with %s in their name, from a number on, in any number of batches',
    async (name) => {
      const wanted = await expected({ name });
      for (const skip of [0, 1, 17, 90, 1000]) {
        expect(await keysOf(namedFrom(name, skip, BATCHES))).toEqual(wanted.slice(skip));
        const inNewest = wanted.filter(({ batchId }) => batchIds.indexOf(batchId) < 20);
        expect(await keysOf(namedFrom(name, skip, 20))).toEqual(inNewest.slice(skip));
      }
    },
  );

  test('all, kinds side by side, and one batch', async () => {
    for (const kinds of [null, ['load'], ['load', 'transform'], ['nothing']]) {
      for (const status of [null, 'Success'] as const) {
        const wanted = await expected({ kinds, status });
        expect(await keysOf(walk({ kinds, status }, sql`true`, 1000))).toEqual(wanted);
        const after = wanted[20];
        if (after !== undefined)
          expect(await keysOf(walk({ kinds, status }, isBehind(after), 1000))).toEqual(wanted.slice(21));
      }
    }
    const batchId = batchIds[6]!;
    for (const conditions of TASKS)
      expect(await keysOf(inBatch(batchId, conditions, null))).toEqual(
        await expected({ ...conditions, batchId }),
      );
    const [first, ...rest] = await expected({ batchId });
    expect(await keysOf(inBatch(batchId, {}, first!))).toEqual(rest);
  });
});

describe('batches', () => {
  const idsOf = async (rows: Keys): Promise<string[]> => {
    const found = await withinTimeLimit(database.db, LIMIT_MS, (db) =>
      sql<{ id: string }>`select id from (${rows}) r`.execute(db),
    );
    return found.rows.map(({ id }) => id);
  };
  const expected = ({ task, ...of }: BatchConditions): Promise<string[]> => {
    const all: Condition[] = [];
    const { name, kinds, kindText, status } = task;
    const ofTask: Condition[] = [];
    if (name != null) ofTask.push(sql`strpos(t.name, ${name}) > 0`);
    if (kinds != null) ofTask.push(sql`t.kind in (${sql.join(kinds)})`);
    if (kindText != null) ofTask.push(sql`strpos(t.kind, ${kindText}) > 0`);
    if (status != null) ofTask.push(sql`s.status = ${status}`);
    if (of.createdAfter != null) all.push(sql`b.created_at >= ${of.createdAfter}::timestamptz`);
    if (of.createdBefore != null) all.push(sql`b.created_at < ${of.createdBefore}::timestamptz`);
    if (of.scope != null) all.push(sql`b.scope = ${of.scope}`);
    if (of.metadata != null) all.push(sql`b.metadata @> ${of.metadata}::jsonb`);
    if (of.search != null)
      all.push(sql`(strpos(b.scope, ${of.search}) > 0 or strpos(b.metadata::text, ${of.search}) > 0)`);
    return idsOf(sql`
      select b.id from batch b
      where ${allOf(all)} and exists (
        select from task t join task_state s on s.id = t.id where t.batch_id = b.id and ${allOf(ofTask)})
      order by b.created_at desc, b.id desc`);
  };
  const keyOf = async (id: string) => {
    const { rows } = await sql<{
      at: string;
    }>`select rfc3339(created_at) as at from batch where id = ${id}`.execute(database.db);
    return { createdAt: rows[0]!.at, batchId: id };
  };

  const OF_TASKS: readonly TaskConditions[] = [
    {},
    ...STATUSES.map((status) => ({ status })),
    { kinds: ['load'] },
    { kinds: ['load'], status: 'Failure' },
    { kindText: 'tra' },
    { name: 'orders' },
    { name: 'old-' },
    { name: '-5' },
    { name: '-25-' },
    { name: 'r' },
    { name: 'rder' },
    { name: 'nowhere' },
    { name: 'old-orders' },
    { name: 'orders', kinds: ['extract'] },
    { name: 'orders', kindText: 'tra' },
    { name: 'orders', kinds: ['extract'], status: 'Success' },
    { name: 'old', status: 'Failure' },
  ];

  test.each(OF_TASKS)('whose tasks have %j', async (task) => {
    const times = {
      createdAfter: (await keyOf(batchIds[50]!)).createdAt,
      createdBefore: (await keyOf(batchIds[5]!)).createdAt,
    };
    for (const range of [{}, times]) {
      const conditions = { ...range, task };
      const wanted = await expected(conditions);
      const finds = [
        byBatch,
        (...[of, after, looks]: Parameters<typeof byBatch>) =>
          byTasks(of, after, { batches: looks, tasks: looks * 3 }),
      ];
      for (const find of finds) {
        for (const looks of [1, 20, 1000]) {
          expect(await idsOf(find(conditions, null, looks))).toEqual(wanted);
          if (wanted.length < 2) continue;
          const middle = Math.floor(wanted.length / 2);
          expect(await idsOf(find(conditions, await keyOf(wanted[middle]!), looks))).toEqual(
            wanted.slice(middle + 1),
          );
        }
      }
    }
  });

  test.each([
    { scope: 'scope-2' },
    { scope: 'scope' },
    { metadata: '{"owner": 1}' },
    { metadata: '{"owner": 7}' },
    { search: 'cope-2' },
    { search: 'owner' },
    { search: '": 2' },
    { search: 'nowhere' },
    { scope: 'scope-2', metadata: '{"owner": 1}', search: 'own' },
  ])('with %j', async (ofBatch) => {
    for (const task of [{}, { name: 'orders' }, { status: 'Success', kinds: ['load'] }] as const) {
      const conditions = { ...ofBatch, task };
      const wanted = await expected(conditions);
      for (const looks of [0, 1, 20, 1000])
        expect(await idsOf(byBatch(conditions, null, looks))).toEqual(wanted);
    }
  });
});
