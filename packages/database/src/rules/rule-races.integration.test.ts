import { setTimeout as delay } from 'node:timers/promises';
import type { Claim } from '@arcrun/database';
import {
  aWorker,
  cancel,
  claimUpTo,
  openTransaction,
  start,
  submit,
  succeed,
  type TaskSpec,
  untilBlocked,
  useTestDatabase,
  expectSoundAfterEach,
  useRacers,
} from '@arcrun/database/testing';
import type { Rule } from '@arcrun/domain';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { BUSY } from '../group-commit.ts';
import { addProgress } from '../operations/add-progress.ts';
import { changeRules } from '../operations/change-rules.ts';
import { endTasks } from '../operations/end-tasks.ts';
import { handBackClaims } from '../operations/hand-back-claims.ts';
import { startTasks } from '../operations/start-tasks.ts';
import { updateTask } from '../operations/update-task.ts';

// Rules under many connections at once: what ends, claims, moves and changes does so at the same moment.

const ROUNDS = 200;
const RACE_MS = 6000;

const database = useTestDatabase();
expectSoundAfterEach(database);
const racers = useRacers(database, 12);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const atMost = (limit: number, fields: string[]): Rule => ({
  type: 'Concurency',
  max_concurency: limit,
  matcher: { status: 'Running', kind: 'limited', fields },
});

const LIMITS = { all: 8, tenant: 3 };
const RULES: readonly Rule[] = [atMost(LIMITS.all, []), atMost(LIMITS.tenant, ['tenant'])];
const TENANTS = ['a', 'b', 'c', 'd', 'e'];
const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!;

const limitedTasks = (count: number): Record<string, TaskSpec> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `t${index}`,
      {
        kind: 'limited',
        rules: [...RULES],
        metadata: JSON.stringify({ tenant: pick(TENANTS) }),
        priority: Math.floor(Math.random() * 3),
        expectedCount: 5,
      },
    ]),
  );

/** How many tasks hold a place, by tenant, at one moment. */
async function holders(): Promise<Map<string, number>> {
  const { rows } = await sql<{ tenant: string; n: number }>`
    select t.metadata ->> 'tenant' as tenant, count(*)::integer as n
    from task_state s join task t on t.id = s.id
    where s.status in ('Claimed', 'Running') and t.kind = 'limited' group by 1`.execute(database.db);
  return new Map(rows.map(({ tenant, n }) => [tenant, n]));
}

const success = (id: string) => ({ id, status: 'Success' }) as const;

/** Ends them as the API does: in a group, and alone what somebody else has locked. */
async function endAll(ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const limits = { cascadeLimit: 1000 };
  const { results } = await endTasks(racers.db, 'report', ids.map(success), { wait: false, ...limits });
  for (const [index, result] of results.entries()) {
    if (result === BUSY)
      await endTasks(racers.db, 'report', [success(ids[index]!)], { wait: true, ...limits });
  }
}

/** Runs each again and again until the time is over. */
async function race(moves: readonly (() => Promise<unknown>)[], forMs = RACE_MS): Promise<void> {
  const deadlineMs = performance.now() + forMs;
  await Promise.all(
    moves.map(async (move) => {
      while (performance.now() < deadlineMs) {
        await move();
        await delay(Math.random() * 3);
      }
    }),
  );
}

/** What is claimed and not ended yet, shared by those who race. */
class Held {
  readonly #claims: Claim[] = [];
  add(claims: readonly Claim[]): void {
    this.#claims.push(...claims);
  }
  take(count: number): Claim[] {
    return this.#claims.splice(0, count);
  }
}

/** Whatever is left can be claimed and ended: nothing is stuck behind a place that is free. */
async function finishAll(): Promise<void> {
  for (;;) {
    const held = await sql<{ id: string }>`
      select id from task_state where status in ('Claimed', 'Running')`.execute(database.db);
    await endAll(held.rows.map(({ id }) => id));
    const claims = await claimUpTo(database.db, worker, 50);
    if (claims.length === 0) break;
  }
  const { rows } = await sql<{ left: number }>`
    select count(*)::integer as left from task_state where not is_terminal(status)`.execute(database.db);
  expect(rows[0]!.left).toBe(0);
}

// proves: rules/atomic, rules/atomic-overlap
test('claims, starts, ends, cancels, hand-backs and new tasks at once: no instant has more than the limits', async () => {
  const workers = [worker, await aWorker(database.db), await aWorker(database.db)];
  const held = new Held();
  let snapshots = 0;
  let most = 0;
  await submit(database.db, limitedTasks(200));
  await race([
    ...workers.map((by) => async () => {
      const claims = await claimUpTo(racers.db, by, 5);
      const back = claims.filter(() => Math.random() < 0.2);
      if (back.length > 0) await handBackClaims(racers.db, by, back);
      const kept = claims.filter((claim) => !back.includes(claim));
      if (kept.length === 0) return;
      await startTasks(
        racers.db,
        kept.map(({ id, claim }) => ({ id, claim, cancelAction: null })),
        { wait: true },
      );
      held.add(kept);
    }),
    async () => endAll(held.take(4).map(({ id }) => id)),
    async () => endAll(held.take(1).map(({ id }) => id)),
    async () => {
      for (const { id } of held.take(1)) await cancel(racers.db, id);
    },
    async () => submit(racers.db, limitedTasks(3)),
    async () => {
      const counts = await holders();
      const all = [...counts.values()].reduce((sum, n) => sum + n, 0);
      expect(all).toBeLessThanOrEqual(LIMITS.all);
      for (const n of counts.values()) expect(n).toBeLessThanOrEqual(LIMITS.tenant);
      most = Math.max(most, all);
      snapshots++;
    },
  ]);
  expect(snapshots).toBeGreaterThan(100);
  expect(most).toBe(LIMITS.all);
  await finishAll();
});

// proves: rules/atomic
test('rules, metadata, counts and priorities that change under claims leave nothing behind', async () => {
  const held = new Held();
  const batches = [await submit(database.db, limitedTasks(60)), await submit(database.db, limitedTasks(60))];
  const ids = batches.flatMap((batch) => Object.values(batch.ids));
  const someRules = (): Rule[] =>
    pick([
      [],
      [...RULES],
      [atMost(1, ['tenant'])],
      [{ type: 'Capacity', max_capacity: 20, matcher: { status: 'Running', kind: 'limited', fields: [] } }],
    ]);
  await race([
    async () => held.add(await claimUpTo(racers.db, worker, 3)),
    async () => held.add(await claimUpTo(racers.db, worker, 3)),
    async () => endAll(held.take(3).map(({ id }) => id)),
    async () => changeRules(racers.db, { batchId: pick(batches).id, kind: 'limited', rules: someRules() }),
    async () => updateTask(racers.db, pick(ids), { metadata: JSON.stringify({ tenant: pick(TENANTS) }) }),
    async () =>
      updateTask(racers.db, pick(ids), { priority: Math.floor(Math.random() * 9), expectedCount: 3 }),
    async () => addProgress(racers.db, [{ id: pick(ids), success: 1, failures: 0 }], { wait: true }),
    async () => {
      if (Math.random() < 0.2) await submit(racers.db, limitedTasks(2));
    },
  ]);
  for (const { id } of batches) await changeRules(database.db, { batchId: id, kind: 'limited', rules: [] });
  await finishAll();
});

// proves: rules/freed-at-once
test('a place that is freed while a task is being parked under it is not missed', async () => {
  const rules = [atMost(1, [])];
  for (let round = 0; round < ROUNDS; round++) {
    const { ids } = await submit(database.db, {
      first: { kind: 'limited', rules },
      next: { kind: 'limited', rules },
    });
    const claims = await claimUpTo(database.db, worker, 1);
    expect(claims.map(({ id }) => id)).toEqual([ids.first]);
    await start(database.db, claims);
    // A round parks the second while the first ends. The bell after the end brings the round that follows.
    const [parking] = await Promise.all([claimUpTo(racers.db, worker, 5), succeed(racers.db, ids.first)]);
    const after = [...parking, ...(await claimUpTo(racers.db, worker, 5))];
    expect(after.map(({ id }) => id)).toEqual([ids.next]);
    await succeed(database.db, ids.next);
  }
});

test('a task that comes in the middle of a round is not claimed before what came with it is counted', async () => {
  const fewWaiting: Rule = {
    type: 'Concurency',
    max_concurency: 3,
    matcher: { status: 'Waiting', kind: 'counted', fields: [] },
  };
  const spec = { kind: 'counted', rules: [fewWaiting] };
  const w0 = { kind: 'counted', follows: ['early'] };
  await submit(database.db, { early: spec, first: spec, w0 });
  expect(await claimUpTo(database.db, worker, 1)).toHaveLength(1);
  await submit(database.db, { root: { kind: 'other' }, w: { kind: 'counted', follows: ['root'] } });
  // The round begins to count what there is, and is held up; meanwhile a batch comes with a task in the same lane.
  const held = await openTransaction(database.db);
  await sql`select from occupancy for update`.execute(held.trx);
  const round = claimUpTo(racers.db, worker, 10);
  await untilBlocked(database.db, 'claim_tasks');
  const late = await submit(database.db, {
    pending: spec,
    w1: { ...spec, follows: ['pending'] },
    w2: { ...spec, follows: ['pending'] },
    w3: { ...spec, follows: ['pending'] },
  });
  await held.commit();
  expect((await round).map(({ id }) => id)).not.toContain(late.ids.pending);
});
