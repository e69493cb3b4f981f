import {
  anAction,
  aWorker,
  batchRow,
  cancel,
  deliveriesOf,
  fail,
  findViolations,
  lockTask,
  openTransaction,
  run,
  statusesOf,
  submit,
  succeed,
  type TaskSpec,
  untilBlocked,
  useTestDatabase,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { claimTasks } from './claim-tasks.ts';
import { endTasks } from './end-tasks.ts';
import { findOldestDue } from './find-oldest-due.ts';
import { propagateEnds } from './propagate-ends.ts';
import { stopBatch } from './stop-batch.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

/** t0 → t1 → … → t(n-1), each required by the next. */
function chain(length: number): Record<string, TaskSpec> {
  return Object.fromEntries(
    Array.from({ length }, (_, n) => [`t${n}`, n === 0 ? {} : { needs: [`t${n - 1}`] }]),
  );
}

async function drain(limit: number): Promise<number> {
  for (let steps = 0; ; steps++) if ((await propagateEnds(database.db, { limit })) === null) return steps;
}

describe('long climbs', () => {
  // proves: http/patch-long-cascade
  test('go on in steps, and complete the batch when they are done', async () => {
    const { id, ids } = await submit(database.db, chain(12), { onComplete: [anAction('complete')] });
    await run(database.db, worker);
    const { effects } = await cancel(database.db, ids['t11']!, 4);
    expect(effects).toMatchObject({ canceled: 4, completed: 0, unfinished: 1 });
    expect((await findOldestDue(database.db)).propagation).not.toBeNull();
    expect(await findViolations(database.db)).toEqual([]);
    expect(await propagateEnds(database.db, { limit: 4 })).toMatchObject({ canceled: 4, completed: 0 });
    expect(await propagateEnds(database.db, { limit: 4 })).toMatchObject({ canceled: 3, completed: 1 });
    expect(await propagateEnds(database.db, { limit: 4 })).toBeNull();
    expect(new Set(Object.values(await statusesOf(database.db, id)))).toEqual(new Set(['Canceled']));
    expect(await deliveriesOf(database.db, id)).toHaveLength(1);
    expect(await findViolations(database.db)).toEqual([]);
  });

  test('of a group that are too long together go one by one', async () => {
    const tasks: Record<string, TaskSpec> = { x: {}, y: {} };
    for (const side of ['x', 'y']) {
      for (let n = 0; n < 3; n++) tasks[`${side}up${n}`] = n === 0 ? {} : { needs: [`${side}up${n - 1}`] };
      tasks[`${side}join`] = { needs: [side], follows: [`${side}up2`] };
    }
    const { ids } = await submit(database.db, tasks);
    await run(database.db, worker);
    const failures = ['x', 'y'].map((name) => ({ id: ids[name]!, status: 'Failure' as const }));
    const options = { wait: false, cascadeLimit: 5 };
    await expect(endTasks(database.db, 'report', failures, options)).rejects.toMatchObject({ code: '54000' });
    for (const failure of failures) {
      const { effects } = await endTasks(database.db, 'report', [failure], options);
      expect(effects).toMatchObject({ failed: 1, canceled: 3, unfinished: 0 });
    }
  });

  test('wait for the cascade, which may yet fail what looks like a dead end', async () => {
    // The first step fails a and x. With y, all children of t have ended; but t requires a.
    const { id, ids } = await submit(database.db, {
      root: {},
      above: {},
      a: { needs: ['root'] },
      t: { needs: ['a'], follows: ['above'] },
      x: { needs: ['root', 't'] },
      y: { follows: ['t'] },
    });
    await run(database.db, worker);
    expect((await fail(database.db, ids.root, 2)).effects).toMatchObject({ failed: 2, canceled: 0 });
    expect((await cancel(database.db, ids.y)).effects).toMatchObject({ canceled: 0, unfinished: 1 });
    expect(await statusesOf(database.db, id)).toMatchObject({ t: 'Waiting', above: 'Running' });
    await drain(2);
    expect(await statusesOf(database.db, id)).toEqual({
      root: 'Failure',
      above: 'Canceled',
      a: 'Failure',
      t: 'Failure',
      x: 'Failure',
      y: 'Canceled',
    });
    expect(await findViolations(database.db)).toEqual([]);
  });

  test('end with a stop', async () => {
    const { id, ids } = await submit(database.db, chain(12));
    await cancel(database.db, ids['t11']!, 4);
    expect(await stopBatch(database.db, id)).toMatchObject({
      before: { Canceled: 5, Waiting: 6, Pending: 1 },
    });
    expect(await propagateEnds(database.db, { limit: 4 })).toBeNull();
    expect(await findViolations(database.db)).toEqual([]);
  });

  test('a chain of 2,000', async () => {
    const { id, ids } = await submit(database.db, chain(2000));
    const beganMs = performance.now();
    expect((await cancel(database.db, ids['t1999']!)).effects).toMatchObject({ canceled: 1000 });
    expect(performance.now() - beganMs).toBeLessThan(2000);
    expect(await drain(5000)).toBe(1);
    expect((await batchRow(database.db, id)).open_tasks).toBe(0);
  });
});

test('what a long climb has not come to yet does not start meanwhile', async () => {
  const parents = Array.from({ length: 20 }, (_, n) => `p${n}`);
  const tasks: Record<string, TaskSpec> = Object.fromEntries(parents.map((name) => [name, {}]));
  const { id, ids } = await submit(database.db, { ...tasks, leaf: { needs: parents } });
  const other = await submit(database.db, { a: {} });
  expect((await cancel(database.db, ids['leaf'], 6)).effects).toMatchObject({ unfinished: 1 });
  const round = await claimTasks(database.db, worker, { limit: 50, originRoom: 50 });
  expect(round.claims.map((claim) => claim.id)).toEqual([other.ids.a]);
  // Asked again, since nobody may ring when the climb does not come to them.
  expect(round.more).toBe(true);
  await drain(6);
  expect(new Set(Object.values(await statusesOf(database.db, id)))).toEqual(new Set(['Canceled']));
  expect(await findViolations(database.db)).toEqual([]);
});

describe('a dead end that somebody else has locked', () => {
  test('is left to whoever goes on, who waits for it; what can be canceled is', async () => {
    const { id, ids } = await submit(database.db, {
      a: {},
      b: {},
      above: {},
      c: { needs: ['above'] },
      leaf: { needs: ['a', 'b', 'c'] },
    });
    await run(database.db, worker);
    const row = await lockTask(database.db, ids.a);
    const { results, effects, heldUp } = await endTasks(
      database.db,
      'cancel',
      [{ id: ids.leaf, status: 'Canceled' }],
      { wait: true, cascadeLimit: 1000 },
    );
    expect(results).toMatchObject([{ outcome: 'applied' }]);
    expect(effects).toMatchObject({ canceled: 3, unfinished: 1 });
    expect(heldUp).toEqual([id]);
    expect(await statusesOf(database.db, id)).toMatchObject({
      a: 'Running',
      b: 'Canceled',
      above: 'Canceled',
    });
    const going = propagateEnds(database.db, { limit: 1000, batchId: id });
    await untilBlocked(database.db, 'propagate_ends');
    await row.commit();
    expect(await going).toMatchObject({ canceled: 1, completed: 1 });
    expect(await findViolations(database.db)).toEqual([]);
  });

  test('and ended first, stays as it ended', async () => {
    const { id, ids } = await submit(database.db, { a: {}, leaf: { needs: ['a'] } });
    await run(database.db, worker);
    // The end of a holds its row, and waits for the leaf's.
    const leaf = await lockTask(database.db, ids.leaf);
    const ending = succeed(database.db, ids.a);
    await untilBlocked(database.db, 'end_tasks');
    const canceling = cancel(database.db, ids.leaf);
    await untilBlocked(database.db, 'end_tasks', 2);
    await leaf.commit();
    await Promise.all([ending, canceling]);
    await drain(10);
    const statuses = await statusesOf(database.db, id);
    expect(statuses).toEqual({ a: 'Success', leaf: 'Canceled' });
    expect(await findViolations(database.db)).toEqual([]);
  });

  test('is waited for in the order that ends keep, who hold parents while they wait for children', async () => {
    const { id, ids } = await submit(database.db, {
      a: {},
      parent: {},
      b: { follows: ['parent'] },
      leaf: { follows: ['a', 'b'] },
    });
    await run(database.db, worker);
    // As a group does that ends both: first their rows, then those of their children.
    const ending = await lockTask(database.db, ids.a);
    await sql`select from task_state where id = ${ids.parent} for update`.execute(ending.trx);
    const other = await lockTask(database.db, ids.b);
    expect((await cancel(database.db, ids.leaf)).effects).toMatchObject({ canceled: 0, unfinished: 1 });
    await other.commit();
    const going = propagateEnds(database.db, { limit: 10 });
    await untilBlocked(database.db, 'propagate_ends');
    await sql`select from task_state where id = ${ids.b} for update nowait`.execute(ending.trx);
    await ending.commit();
    expect(await going).toMatchObject({ canceled: 3, completed: 1 });
    expect(new Set(Object.values(await statusesOf(database.db, id)))).toEqual(new Set(['Canceled']));
  });

  test.each(['named', 'not named'])('the step waits for who is at work on the batch, %s', async (how) => {
    const { id, ids } = await submit(database.db, chain(4));
    await cancel(database.db, ids['t3']!, 1);
    const walk = await openTransaction(database.db);
    await sql`select pg_advisory_xact_lock(batch_lock_key(${id}))`.execute(walk.trx);
    const going = propagateEnds(database.db, { limit: 10, ...(how === 'named' && { batchId: id }) });
    await untilBlocked(database.db, 'propagate_ends');
    await walk.commit();
    expect(await going).toMatchObject({ canceled: 2 });
    expect(await propagateEnds(database.db, { limit: 10 })).toBeNull();
  });

  test('a batch that nobody works on comes before an older one', async () => {
    const older = await submit(database.db, chain(4));
    const other = await submit(database.db, chain(3));
    await cancel(database.db, older.ids['t3']!, 1);
    await cancel(database.db, other.ids['t2']!, 1);
    const walk = await openTransaction(database.db);
    await sql`select pg_advisory_xact_lock(batch_lock_key(${older.id}))`.execute(walk.trx);
    expect(await propagateEnds(database.db, { limit: 10 })).toMatchObject({ canceled: 1 });
    await walk.commit();
    expect(await drain(10)).toBe(1);
  });
});
