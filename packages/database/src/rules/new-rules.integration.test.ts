import {
  aBatch,
  aWorker,
  expectSoundAfterEach,
  lockTask,
  openTransaction,
  start,
  statusesOf,
  submit,
  succeed,
  untilBlocked,
  useTestDatabase,
  writeBatch,
} from '@arcrun/database/testing';
import type { Rule, TaskStatus } from '@arcrun/domain';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { claimTasks } from '../operations/claim-tasks.ts';
import { explainTask } from '../operations/explain-task.ts';
import { findOldestDue } from '../operations/find-oldest-due.ts';
import { mendPlaces } from '../operations/mend-places.ts';
import { stopBatch } from '../operations/stop-batch.ts';

// The first rule that looks at tasks in some way: those that were there before it are counted bit by bit, while
// everybody else starts.

const database = useTestDatabase();
expectSoundAfterEach(database);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const atMost = (limit: number, status: TaskStatus): Rule => ({
  type: 'Concurency',
  max_concurency: limit,
  matcher: { status, kind: 'old', fields: ['tenant'] },
});

/** Many tasks of kind old; of each three two are of tenant 1, the third has no tenant. */
const old = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `t${n}`,
      { kind: 'old', ...(n % 3 < 2 && { metadata: '{"tenant":1}' }) },
    ]),
  );

/** Ends that many tasks as Canceled, in several batches. */
async function cancelTasks(...counts: number[]): Promise<void> {
  for (const count of counts) {
    const { id } = await submit(database.db, old(count));
    await stopBatch(database.db, id);
  }
}

const counted = async () => {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from task_state where status = 'Canceled' and keys is not null`.execute(
    database.db,
  );
  return rows[0]!.count;
};

/** One round: what it claims, whether another one may find more, and whether it has to come later. */
const round = async () => {
  const { claims, more, waits } = await claimTasks(database.db, worker, { limit: 100, originRoom: 100 });
  return { claims: claims.map(({ id }) => id), more, waits };
};

/** Rounds until one says that there is no more. Gives back what they claimed. */
async function rounds(most: number): Promise<string[]> {
  const claimed: string[] = [];
  for (let count = 0; ; count++) {
    expect(count).toBeLessThan(most);
    const { claims, more, waits } = await round();
    claimed.push(...claims);
    expect(waits).toBe(false);
    if (!more) return claimed;
    // There is always something that the sweep would find, and never the same when a round has come between.
    expect((await findOldestDue(database.db)).start).not.toBeNull();
  }
}

// proves: rules/other-statuses
test('ended tasks are counted a thousand in a round, and only then the rule lets start', async () => {
  await cancelTasks(1500, 3, 1497);
  const asks = { metadata: '{"tenant":1}', rules: [atMost(2000, 'Canceled')] };
  const { ids } = await submit(database.db, { allowed: asks });
  const plain = await submit(database.db, { one: {} });

  expect(await round()).toEqual({ claims: [plain.ids.one], more: true, waits: false });
  expect(await counted()).toBeGreaterThan(600);
  expect(await counted()).toBeLessThanOrEqual(1000);
  expect(await explainTask(database.db, ids.allowed)).toMatchObject({
    rules: [{ is_full: false, is_being_counted: true }],
  });
  expect(await mendPlaces(database.db, 0)).toEqual({ drifted: 0, lostHeads: 0, stuckLanes: 0 });

  // What comes while they are counted waits too, and has its place in the order.
  const late = await submit(database.db, { first: { ...asks, priority: 1 } });
  expect(await round()).toEqual({ claims: [], more: true, waits: false });
  expect(await round()).toEqual({ claims: [], more: true, waits: false });
  expect(await round()).toEqual({ claims: [late.ids.first, ids.allowed], more: false, waits: false });
  expect(await counted()).toBe(2000);
  expect(await explainTask(database.db, ids.allowed)).toMatchObject({ status: 'Claimed' });
});

test('one more than the limit among those that ended before the rule blocks', async () => {
  await cancelTasks(1500, 1500);
  const { ids } = await submit(database.db, {
    blocked: { metadata: '{"tenant":1}', rules: [atMost(1999, 'Canceled')] },
    other: { metadata: '{"tenant":2}', rules: [atMost(1999, 'Canceled')] },
  });
  expect(await rounds(10)).toEqual([ids.other]);
  expect(await explainTask(database.db, ids.blocked)).toMatchObject({
    rules: [{ occupancy: 2000, is_full: true, is_being_counted: false }],
  });
});

test('a rule about live tasks does not go through what has ended', async () => {
  await cancelTasks(2000);
  const { ids } = await submit(database.db, {
    live: { kind: 'old', metadata: '{"tenant":1}' },
    asks: { metadata: '{"tenant":1}', rules: [atMost(0, 'Running')] },
  });
  expect(await round()).toEqual({ claims: [ids.live], more: false, waits: false });
  expect(await counted()).toBe(0);
});

test('however many batches lie before those that have such tasks, all are found', async () => {
  await cancelTasks(30);
  const before = async (kind: string, count: number) =>
    database.pool.query(`
      insert into batch (id, created_at, posted_as_object, on_complete, kinds, total_tasks, open_tasks, updated_at,
                         completed_at, status_counts)
      select gen_random_uuid(), now(), false, '{}', '{${kind}}', 1, 0, now(), now(), '{"Success": 1}'
      from generate_series(1, ${count})`);
  // To a round's end and beyond it, to one less and one more; those of the kind have no tasks any more.
  for (const count of [999, 1000, 1001, 1999, 2000, 3003]) {
    await database.pool.query('delete from shape');
    await database.pool.query('update task_state set keys = null');
    await before('other', count);
    await before('old', 1);
    await submit(database.db, {
      asks: { metadata: '{"tenant":1}', rules: [atMost(19, 'Canceled'), atMost(19, 'Failure')] },
    });
    expect(await rounds(50)).toEqual([]);
    expect(await counted()).toBe(20);
  }
  await database.pool.query(`delete from batch where total_tasks = 1 and open_tasks = 0`);
});

test('what somebody has locked is counted later, and holds up nothing else', async () => {
  const { ids } = await submit(database.db, {
    locked: { kind: 'old', metadata: '{"tenant":1}', priority: -1 },
    free: { kind: 'old', metadata: '{"tenant":2}', priority: -1 },
  });
  const lock = await lockTask(database.db, ids.locked);
  const asking = await submit(database.db, {
    asks: { metadata: '{"tenant":1}', rules: [atMost(0, 'Pending')] },
    plain: {},
  });
  expect(await round()).toEqual({ claims: [asking.ids.plain, ids.free], more: true, waits: true });
  expect((await findOldestDue(database.db)).start).not.toBeNull();
  await lock.commit();
  expect(await round()).toEqual({ claims: [asking.ids.asks, ids.locked], more: false, waits: false });
});

test('a request that is long in creating tasks without knowing of the rule holds up the rule, and nothing else', async () => {
  // Of two that need a new lane at the same moment one would wait for the other.
  const first = await submit(database.db, { one: {} });
  expect(await round()).toEqual({ claims: [first.ids.one], more: false, waits: false });
  const long = aBatch({ parent: {}, waits: { kind: 'old', metadata: '{"tenant":1}', needs: ['parent'] } });
  // Its last step waits until this is gone.
  const holder = await openTransaction(database.db);
  await sql`
    insert into batch (id, created_at, posted_as_object, on_complete, kinds, total_tasks, open_tasks, updated_at)
    values (${long.id}, now(), false, '{}', '{}', 1, 1, now())`.execute(holder.trx);
  const creating = writeBatch(database.db, long.batch);
  await untilBlocked(database.db, 'create_batch');
  const { id, ids } = await submit(database.db, {
    asks: { metadata: '{"tenant":1}', rules: [atMost(0, 'Waiting')] },
    plain: {},
  });
  expect(await round()).toEqual({ claims: [ids.plain], more: false, waits: true });
  const another = await submit(database.db, { one: { kind: 'old' } });
  expect(await round()).toEqual({ claims: [another.ids.one], more: false, waits: true });

  await sql`delete from batch where id = ${long.id}`.execute(holder.trx);
  await holder.commit();
  await creating;
  expect(await round()).toEqual({ claims: [long.ids.parent], more: false, waits: false });
  expect(await statusesOf(database.db, id)).toMatchObject({ asks: 'Pending' });
  await start(database.db, [{ id: long.ids.parent, claim: 1 }]);
  await succeed(database.db, long.ids.parent);
  expect(await round()).toEqual({ claims: [long.ids.waits, ids.asks], more: false, waits: false });
});
