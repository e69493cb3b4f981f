import {
  anAction,
  aWorker,
  cancel,
  claimAll,
  deliveriesOf,
  fail,
  run,
  start,
  stateOf,
  statusesOf,
  submit,
  type TaskSpec,
  useTestDatabase,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { handBackClaims } from './hand-back-claims.ts';
import { propagateEnds } from './propagate-ends.ts';
import { startTasks } from './start-tasks.ts';
import { timeOutTasks } from './time-out-tasks.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

// proves: webhooks/recorded-with-change
test('what tells of an end is written by the transaction that ends it', async () => {
  const { id, ids } = await submit(
    database.db,
    { a: { onFailure: [anAction('failed')] }, b: { needs: ['a'], onFailure: [anAction('failed')] } },
    { onComplete: [anAction('complete')] },
  );
  await run(database.db, worker);
  await fail(database.db, ids.a);
  const { rows } = await sql<{ transactions: number; notifications: number }>`
    select count(distinct xmin)::integer as transactions, count(*) filter (where what = 'd')::integer as notifications
    from (select xmin::text, 's' as what from task_state union all select xmin::text, 'd' from delivery
          union all select xmin::text, 'b' from batch where id = ${id}) all_rows`.execute(database.db);
  expect(rows).toEqual([{ transactions: 1, notifications: 3 }]);
});

const chain = (length: number): Record<string, TaskSpec> =>
  Object.fromEntries(
    Array.from({ length }, (_, n) => [`t${n}`, n === 0 ? {} : { needs: [`t${n - 1}`], priority: 5 }]),
  );

// proves: http/patch-long-cascade, http/patch-long-cascade-start, http/patch-long-cascade-complete
test('what a long cascade has not reached cannot start, can be canceled, and ends by itself', async () => {
  const tasks: Record<string, TaskSpec> = { ...chain(8), beside: { follows: ['t5'] } };
  const { id, ids } = await submit(database.db, tasks, { onComplete: [anAction('complete')] });
  await run(database.db, worker);
  await fail(database.db, ids.t0!, 2);
  expect(await claimAll(database.db, worker)).toEqual([]);
  expect(await statusesOf(database.db, id)).toMatchObject({ t2: 'Failure', t3: 'Waiting', t7: 'Waiting' });
  await cancel(database.db, ids.t7!);
  expect((await stateOf(database.db, ids.t7!)).status).toBe('Canceled');
  expect(await deliveriesOf(database.db, id)).toEqual([]);
  while ((await propagateEnds(database.db, { limit: 2 })) !== null);
  expect(await statusesOf(database.db, id)).toMatchObject({ t3: 'Failure', t6: 'Failure', t7: 'Canceled' });
  const [claim] = await claimAll(database.db, worker);
  expect(claim!.id).toBe(ids.beside!);
  expect(await deliveriesOf(database.db, id)).toEqual([]);
  await cancel(database.db, ids.beside!);
  expect(await deliveriesOf(database.db, id)).toHaveLength(1);
});

// proves: lifecycle/started-at, lifecycle/started-at-handed-back, lifecycle/timeout-running-anew
test('started_at and last_updated are those of entering Running, in the claim that got there', async () => {
  const { ids } = await submit(database.db, { a: {} });
  await sql`update task_state set last_updated = last_updated - interval '1 hour'`.execute(database.db);
  const lost = await claimAll(database.db, worker);
  await handBackClaims(database.db, worker, lost);
  expect((await stateOf(database.db, ids.a)).started_at).toBeNull();
  const before = await sql<{ at: Date }>`select clock_timestamp() as at`.execute(database.db);
  await start(database.db, await claimAll(database.db, worker));
  const { started_at, last_updated } = await stateOf(database.db, ids.a);
  expect(started_at).toEqual(last_updated);
  expect(new Date(started_at!).getTime()).toBeGreaterThanOrEqual(before.rows[0]!.at.getTime() - 1);
});

// proves: lifecycle/timeout-notifies
test('a task that timed out is not called to cancel', async () => {
  const { ids } = await submit(database.db, { a: { timeoutSecs: 1, onFailure: [anAction('failed')] } });
  const [claim] = await claimAll(database.db, worker);
  await startTasks(database.db, [{ id: ids.a, claim: claim!.claim, cancelAction: anAction('cancel') }], {
    wait: true,
  });
  await sql`update task_state set check_at = now() - interval '1 s', last_updated = now() - interval '1 h'`.execute(
    database.db,
  );
  await timeOutTasks(database.db, { limit: 10, cascadeLimit: 10 });
  expect((await stateOf(database.db, ids.a)).failure_reason).toBe('Timeout');
  expect(await deliveriesOf(database.db, ids.a)).toMatchObject([{ trigger: 'End', condition: 'Failure' }]);
});

// proves: http/priority, http/priority-kept
test('tasks of all kinds stand in one line, in which what was handed back keeps its place', async () => {
  const { ids: older } = await submit(database.db, {
    a: { kind: 'x' },
    b: { kind: 'y' },
    c: { kind: 'z', priority: 1 },
  });
  const idsOf = (claims: readonly { id: string }[]) => claims.map((claim) => claim.id);
  const claims = await claimAll(database.db, worker);
  expect(idsOf(claims)).toEqual([older.c, older.a, older.b]);
  const { ids: newer } = await submit(database.db, { d: { kind: 'x' }, e: { kind: 'w', priority: 2 } });
  await handBackClaims(database.db, worker, claims);
  expect(idsOf(await claimAll(database.db, worker))).toEqual([newer.e, older.c, older.a, older.b, newer.d]);
});

// proves: lifecycle/required-parent-first
test('the reason names the parent that ended first, when its cascade was put off, too', async () => {
  const { ids } = await submit(database.db, { low: {}, high: {}, child: { needs: ['low', 'high'] } });
  await run(database.db, worker);
  // Nothing is done at once.
  await fail(database.db, ids.high, 0);
  await fail(database.db, ids.low, 0);
  expect((await stateOf(database.db, ids.child)).status).toBe('Waiting');
  while ((await propagateEnds(database.db, { limit: 10 })) !== null);
  expect((await stateOf(database.db, ids.child)).failure_reason).toBe(
    `Required parent task ${ids.high} failed`,
  );
});
