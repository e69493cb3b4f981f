import {
  anAction,
  aWorker,
  batchRow,
  cancel,
  claimAll,
  deliveriesOf,
  end,
  fail,
  findViolations,
  lockTask,
  openTransaction,
  run,
  stateOf,
  statusesOf,
  submit,
  succeed,
  type TaskSpec,
  untilBlocked,
  useTestDatabase,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { BUSY } from '../group-commit.ts';
import { endTasks, type EndEvent, type TaskEnd } from './end-tasks.ts';
import { findTask } from './find-task.ts';
import { handBackClaims } from './hand-back-claims.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

/** Ways to bring a fresh task into a state; each returns its id. */
const ORIGINS: Record<string, () => Promise<string>> = {
  Waiting: async () => (await submit(database.db, { parent: {}, a: { needs: ['parent'] } })).ids.a,
  Pending: async () => (await submit(database.db, { a: {} })).ids.a,
  'Pending, handed back': async () => {
    const { ids } = await submit(database.db, { a: {} });
    await handBackClaims(database.db, worker, await claimAll(database.db, worker, [ids.a]));
    return ids.a;
  },
  Claimed: async () => {
    const { ids } = await submit(database.db, { a: {} });
    await claimAll(database.db, worker, [ids.a]);
    return ids.a;
  },
  Running: async () => {
    const { ids } = await submit(database.db, { a: {} });
    await run(database.db, worker, [ids.a]);
    return ids.a;
  },
  Paused: () => paused('Pending'),
  'Paused, handed back': () => paused('Pending, handed back'),
  'Paused, waiting': () => paused('Waiting'),
  Success: () => ended('Success'),
  Failure: () => ended('Failure'),
  Canceled: () => ended('Canceled'),
};

async function paused(origin: string): Promise<string> {
  const id = await ORIGINS[origin]!();
  await sql`update task_state set status = 'Paused' where id = ${id}`.execute(database.db);
  return id;
}

async function ended(status: 'Success' | 'Failure' | 'Canceled'): Promise<string> {
  const id = await ORIGINS['Running']!();
  await end(database.db, status === 'Canceled' ? 'cancel' : 'report', { id, status });
  return id;
}

const EVENTS: Record<string, [EndEvent, TaskEnd['status']]> = {
  success: ['report', 'Success'],
  failure: ['report', 'Failure'],
  failStart: ['failStart', 'Failure'],
  cancel: ['cancel', 'Canceled'],
};

describe('what may end from which state', () => {
  const MATRIX = `
                        success   failure   failStart  cancel
  Waiting               -         -         -          yes
  Pending               -         -         -          yes
  Pending, handed back  yes       yes       -          yes
  Claimed               yes       yes       yes        yes
  Running               yes       yes       -          yes
  Paused                -         -         -          yes
  Paused, handed back   yes       yes       -          yes
  Paused, waiting       -         -         -          yes
  Success               -         -         -          -
  Failure               -         -         -          -
  Canceled              -         -         -          -
  `;
  const [header, ...lines] = MATRIX.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s{2,}/));
  const cases = lines.flatMap(([origin, ...cells]) =>
    cells.map((cell, column) => ({ origin: origin!, name: header![column]!, isApplied: cell === 'yes' })),
  );

  // proves: lifecycle/claimed-ended, lifecycle/running-ended, lifecycle/handed-back-ended,
  // lifecycle/canceled, lifecycle/terminal-for-ever
  test.each(cases)('$name from $origin: $isApplied', async ({ origin, name, isApplied }) => {
    const [event, status] = EVENTS[name]!;
    const id = await ORIGINS[origin]!();
    const before = await stateOf(database.db, id);
    const { result, effects } = await end(database.db, event, { id, status, reason: 'because' });
    const after = await stateOf(database.db, id);
    if (isApplied) {
      expect(result).toMatchObject({ outcome: 'applied', status, kind: 'test' });
      expect(after).toMatchObject({ status, failure_reason: 'because', check_at: null });
      expect(after.ended_at).toEqual(after.last_updated);
    } else {
      expect(result).toEqual({ outcome: 'conflict', status: before.status, attempt: 1 });
      expect(after).toEqual(before);
      expect(effects).toEqual({
        released: 0,
        failed: 0,
        freed: false,
        canceled: 0,
        notified: 0,
        completed: 0,
        unfinished: 0,
        nextAttemptsSecs: [],
        endedFrom: [],
      });
    }
    expect(await findViolations(database.db)).toEqual([]);
  });

  test('an unknown task', async () => {
    const { result } = await succeed(database.db, '0190c2a5-0000-7000-8000-000000000001');
    expect(result).toEqual({ outcome: 'unknown' });
  });
});

describe('the times of an end', () => {
  // proves: lifecycle/started-at-early-end
  test('the client that answers before on_start did has started it at that moment', async () => {
    const id = await ORIGINS['Claimed']!();
    expect((await succeed(database.db, id)).result).toMatchObject({ seconds: 0 });
    const { started_at: startedAt, ended_at: endedAt } = await stateOf(database.db, id);
    expect(startedAt).toEqual(endedAt);
  });

  test.each([
    ['cancel', 'Canceled'],
    ['failStart', 'Failure'],
  ] as const)('%s of a claimed task leaves it without a start', async (event, status) => {
    const id = await ORIGINS['Claimed']!();
    expect((await end(database.db, event, { id, status })).result).toMatchObject({ seconds: null });
    expect((await stateOf(database.db, id)).started_at).toBeNull();
  });

  test('the time in Running is told', async () => {
    const id = await ORIGINS['Running']!();
    await sql`update task_state set started_at = now() - interval '90 s' where id = ${id}`.execute(
      database.db,
    );
    expect((await succeed(database.db, id)).result).toHaveProperty('seconds', expect.closeTo(90, 0));
  });
});

describe('what comes with an end', () => {
  // proves: http/patch-fields
  test('counters, count, priority and metadata are written with it', async () => {
    const id = await ORIGINS['Running']!();
    await sql`update task_state set success = 2, failures = 3, expected_count = 9 where id = ${id}`.execute(
      database.db,
    );
    await end(database.db, 'report', {
      id,
      status: 'Success',
      newSuccess: 10,
      newFailures: 20,
      expectedCount: 33,
      priority: 7,
      metadata: '{"big":12345678901234567890}',
    });
    expect(await stateOf(database.db, id)).toMatchObject({
      success: 12,
      failures: 23,
      expected_count: 33,
      priority: 7,
    });
    expect(await findTask(database.db, id)).toContain('12345678901234567890');
  });

  // proves: http/put-saturates
  test('counters stay at their largest value', async () => {
    const id = await ORIGINS['Running']!();
    await sql`update task_state set success = 5, failures = 2147483647 where id = ${id}`.execute(database.db);
    await end(database.db, 'report', { id, status: 'Success', newSuccess: 2147483647, newFailures: 1 });
    expect(await stateOf(database.db, id)).toMatchObject({ success: 2147483647, failures: 2147483647 });
  });

  test('nothing of it is written on a conflict', async () => {
    const id = await ORIGINS['Success']!();
    const before = await findTask(database.db, id);
    await end(database.db, 'report', {
      id,
      status: 'Success',
      newSuccess: 1,
      metadata: '{"x":1}',
      priority: 9,
    });
    expect(await findTask(database.db, id)).toEqual(before);
  });
});

describe('fencing', () => {
  test('only the claim that stands may fail the start', async () => {
    const { ids } = await submit(database.db, { a: {} });
    await handBackClaims(database.db, worker, await claimAll(database.db, worker));
    await claimAll(database.db, await aWorker(database.db));
    const late = await end(database.db, 'failStart', { id: ids.a, status: 'Failure', claim: 1 });
    expect(late.result).toEqual({ outcome: 'conflict', status: 'Claimed', attempt: 1 });
    const standing = await end(database.db, 'failStart', { id: ids.a, status: 'Failure', claim: 2 });
    expect(standing.result).toMatchObject({ outcome: 'applied' });
  });
});

describe('what follows', () => {
  // proves: lifecycle/waiting-pending
  test('children open when the last parent has ended', async () => {
    const { id, ids } = await submit(database.db, {
      a: {},
      b: {},
      join: { needs: ['a'], follows: ['b'] },
      after: { needs: ['join'] },
    });
    await run(database.db, worker);
    expect((await succeed(database.db, ids.a)).effects).toMatchObject({ released: 0 });
    expect(await stateOf(database.db, ids.join)).toMatchObject({ status: 'Waiting', open_parents: 1 });
    expect((await fail(database.db, ids.b)).effects).toMatchObject({ released: 1, failed: 0 });
    expect(await statusesOf(database.db, id)).toEqual({
      a: 'Success',
      b: 'Failure',
      join: 'Pending',
      after: 'Waiting',
    });
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: lifecycle/pause-no-shield
  test('a Paused child counts down without opening, and fails with a required parent', async () => {
    const { ids } = await submit(database.db, { a: {}, b: {}, c: { needs: ['a', 'b'] } });
    await run(database.db, worker);
    await sql`update task_state set status = 'Paused' where id = ${ids.c}`.execute(database.db);
    await succeed(database.db, ids.a);
    expect(await stateOf(database.db, ids.c)).toMatchObject({ status: 'Paused', open_parents: 1 });
    await fail(database.db, ids.b);
    expect(await stateOf(database.db, ids.c)).toMatchObject({ status: 'Failure' });
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: lifecycle/required-parent-failed, webhooks/cascade-on-failure
  test('a failure goes down through what is required, with the direct parent as the reason', async () => {
    const notify = { onFailure: [anAction('failed')] };
    const { id, ids } = await submit(
      database.db,
      { a: {}, b: { needs: ['a'], ...notify }, c: { needs: ['b'], ...notify }, d: { follows: ['c'] } },
      { onComplete: [anAction('complete')] },
    );
    await run(database.db, worker);
    const { effects } = await fail(database.db, ids.a);
    expect(effects).toEqual({
      released: 1,
      failed: 2,
      freed: false,
      canceled: 0,
      notified: 2,
      completed: 0,
      unfinished: 0,
      nextAttemptsSecs: [],
      endedFrom: [{ from: 'Waiting', to: 'Failure', count: 2 }],
    });
    expect(await statusesOf(database.db, id)).toEqual({
      a: 'Failure',
      b: 'Failure',
      c: 'Failure',
      d: 'Pending',
    });
    expect((await stateOf(database.db, ids.a)).failure_reason).toBe('broken');
    expect((await stateOf(database.db, ids.b)).failure_reason).toBe(`Required parent task ${ids.a} failed`);
    expect((await stateOf(database.db, ids.c)).failure_reason).toBe(`Required parent task ${ids.b} failed`);
    expect(await deliveriesOf(database.db, ids.c)).toMatchObject([{ trigger: 'End', condition: 'Failure' }]);
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: lifecycle/required-parent-first
  test('of several parents, the reason names the one that ended first, then the lowest id', async () => {
    const { ids } = await submit(database.db, {
      a: {},
      b: { needs: ['a'] },
      c: { needs: ['a'] },
      both: { needs: ['c', 'b'] },
      gate: {},
      late: { needs: ['gate', 'a'] },
    });
    await run(database.db, worker);
    await fail(database.db, ids.a);
    expect((await stateOf(database.db, ids.both)).failure_reason).toBe(
      `Required parent task ${ids.b} failed`,
    );
    expect((await stateOf(database.db, ids.late)).failure_reason).toBe(
      `Required parent task ${ids.a} failed`,
    );
  });

  // proves: webhooks/canceled-no-on-failure, lifecycle/canceled-children
  test('a canceled task fires no on_failure, and its children fail', async () => {
    const { ids } = await submit(database.db, { a: { onFailure: [anAction('x')] }, b: { needs: ['a'] } });
    expect((await cancel(database.db, ids.a)).effects).toMatchObject({
      failed: 1,
      notified: 0,
      completed: 1,
    });
    expect(await stateOf(database.db, ids.b)).toMatchObject({
      status: 'Failure',
      failure_reason: `Required parent task ${ids.a} failed`,
    });
  });

  // proves: lifecycle/batches-end
  test('canceling in the middle lets the batch end', async () => {
    const { id, ids } = await submit(database.db, {
      a: {},
      b: { needs: ['a'] },
      c: { follows: ['b'] },
      other: { needs: ['a'] },
    });
    await run(database.db, worker);
    await cancel(database.db, ids.b);
    // c waits no more: its only parent has ended. a is needed by the other child.
    expect(await statusesOf(database.db, id)).toEqual({
      a: 'Running',
      b: 'Canceled',
      c: 'Pending',
      other: 'Waiting',
    });
    await succeed(database.db, ids.a);
    await run(database.db, worker);
    await succeed(database.db, ids.c);
    await succeed(database.db, ids.other);
    expect((await batchRow(database.db, id)).completed_at).not.toBeNull();
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: webhooks/batch-complete-once
  test('the last end completes the batch, once, with its counts', async () => {
    const { id, ids } = await submit(
      database.db,
      { a: {}, b: {}, c: { needs: ['b'] } },
      { onComplete: [anAction('one'), anAction('two')] },
    );
    await run(database.db, worker);
    expect((await fail(database.db, ids.b)).effects.completed).toBe(0);
    expect((await batchRow(database.db, id)).completed_at).toBeNull();
    const { effects } = await succeed(database.db, ids.a);
    expect(effects.completed).toBe(1);
    const row = await batchRow(database.db, id);
    expect(row).toMatchObject({ open_tasks: 0, status_counts: { Success: 1, Failure: 2 } });
    expect(row.completed_at).toEqual((await stateOf(database.db, ids.a)).ended_at);
    expect(await deliveriesOf(database.db, id)).toHaveLength(2);
    expect((await succeed(database.db, ids.a)).effects.completed).toBe(0);
    expect(await deliveriesOf(database.db, id)).toHaveLength(2);
  });
});

describe('groups', () => {
  const endGroup = (event: EndEvent, ends: TaskEnd[], cascadeLimit = 1000) =>
    endTasks(database.db, event, ends, { wait: false, cascadeLimit });
  const success = (id: string): TaskEnd => ({ id, status: 'Success' });
  const canceled = (id: string): TaskEnd => ({ id, status: 'Canceled' });
  const applied = expect.objectContaining({ outcome: 'applied' });

  test('answer each in its order, over several batches', async () => {
    const one = await submit(database.db, { a: {}, b: {}, c: { needs: ['a', 'b'] } });
    const two = await submit(database.db, { a: {}, b: { needs: ['a'] } });
    await run(database.db, worker);
    const unknown = '0190c2a5-0000-7000-8000-000000000001';
    const { results, effects } = await endGroup('report', [
      success(two.ids.a),
      success(two.ids.b),
      success(one.ids.b),
      success(unknown),
      { id: one.ids.a, status: 'Success' },
    ]);
    expect(results).toEqual([applied, BUSY, applied, { outcome: 'unknown' }, applied]);
    expect(effects).toEqual({
      released: 2,
      failed: 0,
      freed: false,
      canceled: 0,
      notified: 0,
      completed: 0,
      unfinished: 0,
      nextAttemptsSecs: [],
      endedFrom: [],
    });
    expect(await findViolations(database.db)).toEqual([]);
  });

  test('leave out what somebody else has locked; alone it waits', async () => {
    const { ids } = await submit(database.db, { a: {}, b: {} });
    await run(database.db, worker);
    const open = await lockTask(database.db, ids.a);
    const { results } = await endGroup('report', [success(ids.a), success(ids.b)]);
    expect(results).toEqual([BUSY, applied]);
    const waiting = succeed(database.db, ids.a);
    await untilBlocked(database.db, 'end_tasks');
    await open.commit();
    expect((await waiting).result).toEqual(applied);
  });

  test('leave out the tasks of a batch that is being walked through', async () => {
    const one = await submit(database.db, { a: {}, b: {} });
    const two = await submit(database.db, { a: {} });
    await run(database.db, worker);
    const open = await openTransaction(database.db);
    await sql`select pg_advisory_xact_lock(batch_lock_key(${one.id}))`.execute(open.trx);
    const failures = [one.ids.a, two.ids.a].map((id): TaskEnd => ({ id, status: 'Failure' }));
    expect((await endGroup('report', failures)).results).toEqual([BUSY, applied]);
    // A success walks nowhere.
    expect((await endGroup('report', [success(one.ids.b)])).results).toEqual([applied]);
    const waiting = fail(database.db, one.ids.a);
    await untilBlocked(database.db, 'end_tasks');
    await open.commit();
    expect((await waiting).result).toEqual(applied);
  });

  test('leave out tasks with open parents, whose rows others wait for', async () => {
    const { ids } = await submit(database.db, { a: {}, b: { needs: ['a'] }, c: {} });
    expect((await endGroup('cancel', [canceled(ids.b), canceled(ids.c)])).results).toEqual([BUSY, applied]);
    expect((await endGroup('cancel', [canceled(ids.b)])).results).toEqual([applied]);
  });

  test('with cascades beyond the limit are refused, and change nothing; alone each goes through', async () => {
    const children = Object.fromEntries(
      ['a', 'b'].flatMap((parent) => [0, 1, 2].map((n) => [`${parent}${n}`, { needs: [parent] }])),
    );
    const tasks: Record<string, TaskSpec> = { a: {}, b: {}, ...children };
    const { ids } = await submit(database.db, tasks);
    await run(database.db, worker);
    const failures = [ids['a']!, ids['b']!].map((id): TaskEnd => ({ id, status: 'Failure' }));
    await expect(endGroup('report', failures, 4)).rejects.toMatchObject({ code: '54000' });
    expect(await stateOf(database.db, ids['a']!)).toMatchObject({ status: 'Running' });
    for (const failure of failures) {
      const { results, effects } = await endGroup('report', [failure], 4);
      expect(results).toEqual([applied]);
      expect(effects).toMatchObject({ failed: 3, unfinished: 0 });
    }
    expect(await findViolations(database.db)).toEqual([]);
  });
});
