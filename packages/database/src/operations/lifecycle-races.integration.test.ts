import {
  anAction,
  aWorker,
  claimUpTo,
  batchRow,
  type BuiltBatch,
  cancel,
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
  expectSoundAfterEach,
  useRacers,
} from '@arcrun/database/testing';
import { isTerminal } from '@arcrun/domain';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BUSY } from '../group-commit.ts';
import { addProgress } from './add-progress.ts';
import { endTasks, type EndEvent, type TaskEnd } from './end-tasks.ts';
import { handBackClaims } from './hand-back-claims.ts';
import { pauseTask } from './pause-task.ts';
import { propagateEnds } from './propagate-ends.ts';
import { resumeTask } from './resume-task.ts';
import { startTasks } from './start-tasks.ts';
import { stopBatch } from './stop-batch.ts';
import { timeOutTasks } from './time-out-tasks.ts';

// What can happen at the same moment is let happen at the same moment, hundreds of times, on real connections.

const ROUNDS = 200;

const database = useTestDatabase();
expectSoundAfterEach(database);
const racers = useRacers(database, 12);
afterEach(() => drain());
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

async function drain(): Promise<void> {
  while ((await propagateEnds(database.db, { limit: 100 })) !== null) continue;
}

/** As the API does: in a group, and alone what somebody else has locked. */
async function endInGroup(event: EndEvent, ends: readonly TaskEnd[], cascadeLimit = 1000): Promise<void> {
  const { results, heldUp } = await endTasks(racers.db, event, ends, { wait: false, cascadeLimit });
  for (const batchId of heldUp) await propagateEnds(racers.db, { limit: cascadeLimit, batchId });
  for (const [index, result] of results.entries()) {
    if (result !== BUSY) continue;
    const alone = await endTasks(racers.db, event, [ends[index]!], { wait: true, cascadeLimit });
    for (const batchId of alone.heldUp) await propagateEnds(racers.db, { limit: cascadeLimit, batchId });
  }
}

const success = (id: string): TaskEnd => ({ id, status: 'Success' });

// proves: lifecycle/pause-no-shield
test('pause against the cascade: pausing does not shield', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { id, ids } = await submit(database.db, { a: {}, b: { needs: ['a'] }, c: { needs: ['b'] } });
    await run(database.db, worker);
    const [paused] = await Promise.all([
      pauseTask(racers.db, round % 2 === 0 ? ids.b : ids.c),
      fail(racers.db, ids.a),
    ]);
    seen.add(paused!.changed ? 'paused first' : 'failed first');
    expect(await statusesOf(database.db, id)).toEqual({ a: 'Failure', b: 'Failure', c: 'Failure' });
  }
  expect(seen.size).toBe(2);
});

// proves: lifecycle/resume
test('resume against the end of the last parents: it opens, exactly once', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { ids } = await submit(database.db, { a: {}, b: {}, join: { needs: ['a'], follows: ['b'] } });
    await run(database.db, worker);
    await pauseTask(database.db, ids.join);
    const [resumed, one, two] = await Promise.all([
      resumeTask(racers.db, ids.join),
      succeed(racers.db, ids.a),
      succeed(racers.db, ids.b),
    ]);
    expect(await stateOf(database.db, ids.join)).toMatchObject({ status: 'Pending', open_parents: 0 });
    const opened = one.effects.released + two.effects.released + (resumed!.status === 'Pending' ? 1 : 0);
    expect(opened).toBe(1);
  }
});

test('pause against the release, and against the claim', async () => {
  const outcomes = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { ids } = await submit(database.db, { a: {}, b: { needs: ['a'] } });
    await run(database.db, worker);
    await Promise.all([pauseTask(racers.db, ids.b), succeed(racers.db, ids.a)]);
    expect(await stateOf(database.db, ids.b)).toMatchObject({ status: 'Paused', open_parents: 0 });
    await resumeTask(database.db, ids.b);

    const [paused, claims] = await Promise.all([
      pauseTask(racers.db, ids.b),
      claimUpTo(racers.db, worker, 10),
    ]);
    expect(claims).toHaveLength(paused!.changed ? 0 : 1);
    expect((await stateOf(database.db, ids.b)).status).toBe(paused!.changed ? 'Paused' : 'Claimed');
    outcomes.add(paused!.status);
  }
  expect([...outcomes].toSorted()).toEqual(['Claimed', 'Paused']);
});

/** Ten roots, ten tasks that need two of them each, and a leaf below all; every third is a barrier. */
function layers(): Record<string, TaskSpec> {
  const tasks: Record<string, TaskSpec> = {};
  for (let n = 0; n < 10; n++) tasks[`root${n}`] = { onFailure: [anAction('failed')] };
  for (let n = 0; n < 10; n++) {
    tasks[`mid${n}`] = {
      needs: [`root${n}`],
      follows: [`root${(n + 1) % 10}`],
      deadEndBarrier: n % 3 === 0,
    };
  }
  tasks['leaf'] = { follows: Array.from({ length: 10 }, (_, n) => `mid${n}`) };
  return tasks;
}

const rootsOf = (built: BuiltBatch<string>): string[] =>
  Object.entries(built.ids).flatMap(([name, id]) => (name.startsWith('root') ? [id] : []));

// proves: lifecycle/stop, webhooks/batch-complete-once
test('stop against claims, starts, ends and progress: all is canceled or ended, completed once', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const built = await submit(database.db, layers(), { onComplete: [anAction('complete')] });
    const [one, two, three, ...others] = rootsOf(built);
    await run(database.db, worker, [one!, two!, three!, ...others.slice(0, 4)]);
    const [stopped] = await Promise.all([
      stopBatch(racers.db, built.id),
      claimUpTo(racers.db, worker, 2).then((claims) =>
        startTasks(
          racers.db,
          claims.map(({ id, claim }) => ({ id, claim, cancelAction: anAction('cancel') })),
          { wait: false },
        ).catch((error: unknown) => {
          // Nothing was left to claim.
          if (claims.length > 0) throw error;
        }),
      ),
      endInGroup('report', [success(two!), success(three!), success(others[0]!)]),
      endInGroup('report', [{ id: one!, status: 'Failure', reason: 'broken' }]),
      addProgress(racers.db, [{ id: others[1]!, success: 1, failures: 0 }], { wait: false }),
      cancel(racers.db, built.ids['mid5']!),
    ]);
    const statuses = Object.values(await statusesOf(database.db, built.id));
    expect(statuses.filter((status) => !isTerminal(status))).toEqual([]);
    const counted = Object.values(stopped!.before).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(statuses.length);
    expect((await batchRow(database.db, built.id)).completed_at).not.toBeNull();
    expect(await deliveriesOf(database.db, built.id)).toHaveLength(1);
  }
});

test('dead ends against the ends of those that they would cancel', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const tasks: Record<string, TaskSpec> = {};
    for (let n = 0; n < 6; n++) tasks[`root${n}`] = {};
    for (let n = 0; n < 3; n++) tasks[`mid${n}`] = { needs: [`root${n}`], follows: [`root${n + 3}`] };
    tasks['leaf'] = { follows: ['mid0', 'mid1', 'mid2', 'root0'] };
    const built = await submit(database.db, tasks, { onComplete: [anAction('complete')] });
    await run(database.db, worker);
    const roots = rootsOf(built);
    await Promise.all([
      cancel(racers.db, built.ids['leaf']!),
      endInGroup('report', roots.slice(0, 3).toReversed().map(success)),
      endInGroup('report', roots.slice(3, 5).map(success)),
      addProgress(
        racers.db,
        roots.map((id) => ({ id, success: 1, failures: 0 })),
        { wait: false },
      ),
      endInGroup('report', [{ id: roots[5]!, status: 'Failure', reason: 'broken' }]),
    ]);
    await drain();
    const statuses = await statusesOf(database.db, built.id);
    for (const status of Object.values(statuses)) seen.add(status);
    // Nobody needs any of them, whatever came first.
    expect(Object.values(statuses).filter((status) => !isTerminal(status))).toEqual([]);
    expect(await deliveriesOf(database.db, built.id)).toHaveLength(1);
  }
  expect(seen).toContain('Success');
  expect(seen).toContain('Canceled');
});

// proves: lifecycle/batches-end
test('everything at once over several batches: nobody is stuck, nothing is out of joint', async () => {
  let open: BuiltBatch<string>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    while (open.length < 4) open.push(await submit(database.db, layers(), { onComplete: [anAction('x')] }));
    const all = open.flatMap((built) => Object.values(built.ids));
    const pick = () => all[Math.floor(Math.random() * all.length)]!;
    const picks = (count: number) => [...new Set(Array.from({ length: count }, pick))];
    const claims = await claimUpTo(database.db, worker, 12);
    const [given, kept] = [claims.slice(0, 4), claims.slice(4)];
    await Promise.all([
      endInGroup('report', picks(12).map(success), 3),
      endInGroup(
        'report',
        picks(4).map((id): TaskEnd => ({ id, status: 'Failure', reason: 'broken' })),
        3,
      ).catch(expectSplit),
      cancel(racers.db, pick(), 3),
      pauseTask(racers.db, pick()),
      resumeTask(racers.db, pick()),
      kept.length === 0
        ? undefined
        : startTasks(
            racers.db,
            kept.map(({ id, claim }) => ({ id, claim, cancelAction: null })),
            { wait: false },
          ),
      given.length === 0 ? undefined : handBackClaims(racers.db, worker, given),
      timeOutTasks(racers.db, { limit: 10, cascadeLimit: 3 }),
      propagateEnds(racers.db, { limit: 3 }),
      addProgress(
        racers.db,
        picks(5).map((id) => ({ id, success: 1, failures: 0 })),
        { wait: false },
      ),
      round % 5 === 0 ? stopBatch(racers.db, open[round % open.length]!.id) : undefined,
    ]);
    if (round % 20 === 0) expect(await findViolations(database.db)).toEqual([]);
    if (round % 7 === 0) {
      await sql`update task_state set last_updated = now() - interval '2 min', check_at = now()
                where id = ${pick()} and status = 'Running'`.execute(database.db);
    }
    const rows = await Promise.all(open.map((built) => batchRow(database.db, built.id)));
    open = open.filter((_, index) => rows[index]!.completed_at === null);
  }
  for (const built of open) await stopBatch(database.db, built.id);
});

/** A group whose cascades are too long together is refused; the API would split it. */
function expectSplit(error: unknown): void {
  expect(error).toMatchObject({ code: '54000' });
}
