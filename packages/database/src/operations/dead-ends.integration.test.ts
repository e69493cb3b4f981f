import {
  anAction,
  aWorker,
  batchRow,
  cancel,
  claimAll,
  deliveriesOf,
  fail,
  findViolations,
  run,
  stateOf,
  statusesOf,
  submit,
  succeed,
  type TaskSpec,
  useTestDatabase,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { endTasks } from './end-tasks.ts';
import { pauseTask } from './pause-task.ts';
import { propagateEnds } from './propagate-ends.ts';
import { startTasks } from './start-tasks.ts';
import { timeOutTasks } from './time-out-tasks.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const REASON = 'All child tasks already terminated';

describe('a task whose children have all ended is canceled', () => {
  // proves: lifecycle/dead-end, lifecycle/dead-end-climbs, webhooks/batch-complete-once
  test('canceling an only leaf cancels its unfinished ancestors, and completes the batch once', async () => {
    const { id, ids } = await submit(
      database.db,
      { a: {}, b: { needs: ['a'] }, c: { follows: ['b'] }, leaf: { needs: ['c'] } },
      { onComplete: [anAction('complete')] },
    );
    await run(database.db, worker);
    await pauseTask(database.db, ids.c);
    const { result, effects } = await cancel(database.db, ids.leaf);
    expect(result).toMatchObject({ outcome: 'applied', status: 'Canceled' });
    expect(effects).toEqual({
      released: 0,
      freed: false,
      failed: 0,
      canceled: 3,
      notified: 1,
      completed: 1,
      unfinished: 0,
      nextAttemptsSecs: [],
      endedFrom: expect.any(Array),
    });
    expect(new Set(effects.endedFrom)).toEqual(
      new Set([
        { from: 'Running', to: 'Canceled', count: 1 },
        { from: 'Waiting', to: 'Canceled', count: 1 },
        { from: 'Paused', to: 'Canceled', count: 1 },
      ]),
    );
    expect(new Set(Object.values(await statusesOf(database.db, id)))).toEqual(new Set(['Canceled']));
    for (const name of ['a', 'b', 'c'] as const) {
      expect(await stateOf(database.db, ids[name])).toMatchObject({ failure_reason: REASON, check_at: null });
    }
    expect((await stateOf(database.db, ids.leaf)).failure_reason).toBeNull();
    expect((await batchRow(database.db, id)).status_counts).toEqual({ Canceled: 4 });
    expect(await deliveriesOf(database.db, id)).toHaveLength(1);
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: lifecycle/dead-end, lifecycle/dead-end-childless
  test('not while one of them is unfinished, nor when it has none', async () => {
    const { id, ids } = await submit(database.db, {
      a: {},
      b: { needs: ['a'] },
      c: { needs: ['a'] },
      alone: {},
    });
    await run(database.db, worker);
    await cancel(database.db, ids.b);
    expect(await statusesOf(database.db, id)).toMatchObject({ a: 'Running', c: 'Waiting' });
    await cancel(database.db, ids.c);
    expect(await statusesOf(database.db, id)).toMatchObject({ a: 'Canceled', alone: 'Running' });
  });

  test('when they failed by cascade through another parent, whatever made that one end', async () => {
    const join = (): Record<string, TaskSpec> => ({
      a: { timeoutSecs: 1 },
      root: {},
      b: { needs: ['root'] },
      join: { needs: ['a'], follows: ['b'] },
    });
    for (const how of ['report', 'cancel', 'failStart', 'timeOut'] as const) {
      const { id, ids } = await submit(database.db, join());
      const others = (await claimAll(database.db, worker)).filter((claim) => claim.id !== ids['a']);
      if (how === 'failStart') {
        const failure = { id: ids['a']!, status: 'Failure' as const, claim: 1 };
        await endTasks(database.db, 'failStart', [failure], { wait: true, cascadeLimit: 1000 });
      } else {
        await startTasks(
          database.db,
          [...others, { id: ids['a']!, claim: 1 }].map((claim) => ({ ...claim, cancelAction: null })),
          { wait: true },
        );
        if (how === 'report') await fail(database.db, ids['a']!);
        if (how === 'cancel') await cancel(database.db, ids['a']!);
        if (how === 'timeOut') {
          await sql`update task_state set check_at = now() - interval '9 s', last_updated = now() - interval '9 s'
                    where id = ${ids['a']!}`.execute(database.db);
          expect(await timeOutTasks(database.db, { limit: 10, cascadeLimit: 1000 })).toMatchObject({
            failed: 1,
            canceled: 2,
            completed: 1,
          });
        }
      }
      expect(await statusesOf(database.db, id)).toEqual({
        a: how === 'cancel' ? 'Canceled' : 'Failure',
        root: 'Canceled',
        b: 'Canceled',
        join: 'Failure',
      });
    }
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: lifecycle/dead-end-barrier
  test('a barrier is canceled itself, but nothing above it; the climb around it goes on', async () => {
    const { id, ids } = await submit(database.db, {
      a: {},
      side: {},
      barrier: { needs: ['a'], deadEndBarrier: true },
      b: { needs: ['side'] },
      leaf: { needs: ['barrier', 'b'] },
    });
    await run(database.db, worker);
    await cancel(database.db, ids.leaf);
    expect(await statusesOf(database.db, id)).toEqual({
      a: 'Running',
      side: 'Canceled',
      barrier: 'Canceled',
      b: 'Canceled',
      leaf: 'Canceled',
    });
    await succeed(database.db, ids.a);
    expect((await batchRow(database.db, id)).open_tasks).toBe(0);
    expect(await findViolations(database.db)).toEqual([]);
  });

  test('a barrier that is canceled by a client stops nothing', async () => {
    const { id, ids } = await submit(database.db, { a: {}, barrier: { needs: ['a'], deadEndBarrier: true } });
    await cancel(database.db, ids.barrier);
    expect(await statusesOf(database.db, id)).toEqual({ a: 'Canceled', barrier: 'Canceled' });
  });

  test('a climb that comes to wait for somebody is given up whole, and goes on later', async () => {
    const { id, ids } = await submit(database.db, { a: {}, b: { needs: ['a'] }, leaf: { needs: ['b'] } });
    // Postgres may wait in spite of SKIP LOCKED, at a moment that no test can choose; here a trigger waits, at the
    // second step of the climb.
    await sql`create function wait_for_advisory_lock() returns trigger language plpgsql as $$
              begin perform pg_advisory_xact_lock_shared(42); return new; end $$`.execute(database.db);
    await sql`create trigger waits before update on task_state for each row
              when (new.status = 'Canceled' and new.open_parents = 0)
              execute function wait_for_advisory_lock()`.execute(database.db);
    try {
      await database.db.transaction().execute(async (holder) => {
        await sql`select pg_advisory_xact_lock(42)`.execute(holder);
        expect(
          await endTasks(database.db, 'cancel', [{ id: ids.leaf, status: 'Canceled' }], {
            wait: false,
            cascadeLimit: 1000,
          }),
        ).toMatchObject({
          results: [{ outcome: 'applied', status: 'Canceled' }],
          effects: { canceled: 0, unfinished: 1, endedFrom: [] },
          heldUp: [id],
        });
        expect(await statusesOf(database.db, id)).toEqual({ a: 'Pending', b: 'Waiting', leaf: 'Canceled' });
        expect(await propagateEnds(database.db, { limit: 10 })).toMatchObject({ canceled: 0 });
      });
      expect(await propagateEnds(database.db, { limit: 10 })).toMatchObject({ canceled: 2, completed: 1 });
    } finally {
      await sql`drop function wait_for_advisory_lock cascade`.execute(database.db);
    }
    expect(await propagateEnds(database.db, { limit: 10 })).toBeNull();
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: lifecycle/dead-end-off
  test('not when it is switched off; a climb that was left over is dropped then', async () => {
    const { id, ids } = await submit(database.db, { a: {}, b: { needs: ['a'] } });
    const off = { wait: true, cascadeLimit: 1000, deadEnds: false };
    await endTasks(database.db, 'cancel', [{ id: ids.b, status: 'Canceled' }], off);
    expect(await statusesOf(database.db, id)).toEqual({ a: 'Pending', b: 'Canceled' });
    await sql`insert into propagation (task_id, batch_id, upward) values (${ids.b}, ${id}, true)`.execute(
      database.db,
    );
    expect(await propagateEnds(database.db, { limit: 10, deadEnds: false })).toMatchObject({ canceled: 0 });
    expect(await propagateEnds(database.db, { limit: 10, deadEnds: false })).toBeNull();
    expect(await findViolations(database.db, { deadEnds: false })).toEqual([]);
    expect(await findViolations(database.db)).toHaveLength(1);
  });
});

describe('who is told of a dead end', () => {
  const notify = { onFailure: [anAction('one'), anAction('two')], onSuccess: [anAction('done')] };

  // proves: webhooks/dead-end-calls
  test('on_failure, and the cancel action of what was Running', async () => {
    const { ids } = await submit(database.db, {
      running: notify,
      pending: notify,
      leaf: { needs: ['running', 'pending'], ...notify },
    });
    const claims = await claimAll(database.db, worker, [ids.running]);
    await startTasks(
      database.db,
      claims.map(({ id, claim }) => ({ id, claim, cancelAction: anAction('cancel') })),
      { wait: true },
    );
    expect((await cancel(database.db, ids.leaf)).effects).toMatchObject({ canceled: 2, notified: 5 });
    expect(await deliveriesOf(database.db, ids.running)).toMatchObject([
      { trigger: 'End', condition: 'Failure', position: 0 },
      { trigger: 'End', condition: 'Failure', position: 1 },
      { trigger: 'Cancel', condition: null, position: 0 },
    ]);
    expect(await deliveriesOf(database.db, ids.pending)).toHaveLength(2);
    // Canceled by its client, so nobody is told.
    expect(await deliveriesOf(database.db, ids.leaf)).toEqual([]);
  });

  test('after the on_start that is still open, with the cancel action that it brings', async () => {
    const { ids } = await submit(database.db, { a: notify, leaf: { needs: ['a'] } });
    const [claim] = await claimAll(database.db, worker);
    await cancel(database.db, ids.leaf);
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([
      { trigger: 'End', next_attempt_at: null, waits_for_worker: worker },
      { trigger: 'End', next_attempt_at: null, waits_for_worker: worker },
    ]);
    const answer = { id: ids.a, claim: claim!.claim, cancelAction: anAction('cancel') };
    expect((await startTasks(database.db, [answer], { wait: true })).notified).toBe(3);
    expect((await deliveriesOf(database.db, ids.a)).map((row) => row.trigger)).toEqual([
      'End',
      'End',
      'Cancel',
    ]);
  });
});
