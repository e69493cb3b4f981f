import {
  anAction,
  aWorker,
  cancel,
  claimAll,
  deliveriesOf,
  end,
  run,
  stateOf,
  submit,
  type TaskSpec,
  useTestDatabase,
  expectSoundAfterEach,
  useRacers,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { BUSY } from '../group-commit.ts';
import { addProgress } from './add-progress.ts';
import { handBackClaims } from './hand-back-claims.ts';
import { pauseTask } from './pause-task.ts';
import { resumeTask } from './resume-task.ts';
import { startTasks } from './start-tasks.ts';
import { stopBatch } from './stop-batch.ts';
import { timeOutTasks } from './time-out-tasks.ts';

// What meets the end of an attempt, or the time until the next one, hundreds of times, on real connections.

const ROUNDS = 200;

const database = useTestDatabase();
expectSoundAfterEach(database);
const racers = useRacers(database, 8);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const RULE = {
  type: 'Concurency',
  max_concurency: 5,
  matcher: { status: 'Running', kind: 'test', fields: [] },
} as const;

/** Three attempts, one right after the other, under a rule. */
const tried: TaskSpec = {
  maxAttempts: 3,
  retry: JSON.stringify({
    ...{ max_attempts: 3, backoff_secs: 0, backoff_factor: 1, max_backoff_secs: 300 },
    ...{ jitter: false, on: ['failure', 'timeout', 'start'] },
  }),
  rules: [RULE],
  onFailure: [anAction('failed')],
};
const aTask = async (): Promise<string> => (await submit(database.db, { a: tried })).ids.a;
const report = (id: string, rest: object = {}) =>
  end(racers.db, 'report', { id, status: 'Failure', reason: 'broken', ...rest });
const silence = (id: string) =>
  sql`update task_state set last_updated = now() - interval '1 h', check_at = now() where id = ${id}`.execute(
    database.db,
  );
/** Ends what a round has left. */
const clean = async (id: string): Promise<void> => {
  await cancel(database.db, id).catch(() => undefined);
};

// proves: lifecycle/retry-fenced
test('late reports of attempt 1 against the claim and the start of attempt 2: none of them counts', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await aTask();
    await run(database.db, worker, [id]);
    await report(id, { attempt: 1 });
    const again = async () => {
      let claims = await claimAll(racers.db, worker);
      // What a late report holds at that moment is left to the next round.
      while (claims.length === 0) claims = await claimAll(racers.db, worker);
      const starts = claims.map((claim) => ({ id: claim.id, claim: claim.claim, cancelAction: null }));
      return startTasks(racers.db, starts, { wait: true });
    };
    const [late, success] = await Promise.all([
      report(id, { attempt: 1 }),
      end(racers.db, 'report', { id, status: 'Success', attempt: 1 }),
      addProgress(racers.db, [{ id, attempt: 1, success: 7, failures: 0 }], { wait: true }),
      again(),
    ]);
    expect([late.result.outcome, success.result.outcome]).toEqual(['conflict', 'conflict']);
    expect(await stateOf(database.db, id)).toMatchObject({ status: 'Running', attempt: 2, success: 0 });
    await clean(id);
  }
});

// proves: lifecycle/retry
test('several reports of one attempt: it is used up once', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await aTask();
    await run(database.db, worker, [id]);
    const answers = await Promise.all(Array.from({ length: 6 }, () => report(id, { attempt: 1 })));
    expect(answers.map(({ result }) => result.outcome).toSorted()).toEqual([
      ...Array.from({ length: 5 }, () => 'conflict'),
      'retried',
    ]);
    expect(await stateOf(database.db, id)).toMatchObject({ status: 'Pending', attempt: 2 });
    await clean(id);
  }
});

// proves: lifecycle/retry
test('a report against the timeout: one of both ends the attempt', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const id = await aTask();
    await run(database.db, worker, [id]);
    await silence(id);
    const moves = [
      () => report(id, { attempt: 1 }),
      () => timeOutTasks(racers.db, { limit: 10, cascadeLimit: 10 }),
    ];
    await Promise.all((round % 2 === 0 ? moves : moves.toReversed()).map((move) => move()));
    const state = await stateOf(database.db, id);
    expect(state).toMatchObject({ status: 'Pending', attempt: 2 });
    seen.add(String(state.failure_reason));
    await clean(id);
  }
  expect([...seen].toSorted()).toEqual(['Timeout', 'broken']);
});

// proves: lifecycle/retry-like-pending
test('cancel against the report: canceled in the end, whichever came first', async () => {
  const seen = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const id = await aTask();
    await run(database.db, worker, [id]);
    const moves = [() => report(id), () => cancel(racers.db, id)];
    await Promise.all((round % 2 === 0 ? moves : moves.toReversed()).map((move) => move()));
    const state = await stateOf(database.db, id);
    expect(state.status).toBe('Canceled');
    seen.add(state.attempt);
    expect(await deliveriesOf(database.db, id)).toEqual([]);
  }
  expect(seen).toEqual(new Set([1, 2]));
});

// proves: lifecycle/retry-like-pending
test('stop against the report: everything is canceled', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { id, ids } = await submit(database.db, { a: tried, b: { needs: ['a'] } });
    await run(database.db, worker, [ids.a]);
    await Promise.all([report(ids.a), stopBatch(racers.db, id)]);
    for (const task of [ids.a, ids.b]) expect((await stateOf(database.db, task)).status).toBe('Canceled');
  }
});

// proves: lifecycle/retry-like-pending
test('pause and resume against the claim of the next attempt: it is claimed once, or waits', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await aTask();
    await run(database.db, worker, [id]);
    await report(id);
    const [claims] = await Promise.all([
      claimAll(racers.db, worker),
      pauseTask(racers.db, id).then(() => resumeTask(racers.db, id)),
    ]);
    const state = await stateOf(database.db, id);
    if (claims.length === 1) {
      expect(['Claimed', 'Pending']).toContain(state.status);
      expect(state.claim).toBe(2);
    } else {
      expect(state.status).toBe('Pending');
      expect(await claimAll(database.db, worker)).toMatchObject([{ id, attempt: 2 }]);
    }
    await clean(id);
  }
});

// proves: lifecycle/retry
test('a hand-back against the report: the attempt stays what it is, or is over, and is called again', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await aTask();
    const [claim] = await claimAll(database.db, worker, [id]);
    const [{ result }] = await Promise.all([report(id), handBackClaims(racers.db, worker, [claim!])]);
    expect(result.outcome).toBe('retried');
    expect(await stateOf(database.db, id)).toMatchObject({ status: 'Pending', attempt: 2 });
    expect(await claimAll(database.db, worker)).toMatchObject([{ id, claim: 2, attempt: 2 }]);
    await clean(id);
  }
});

// proves: lifecycle/retry
test('answers to on_start against the report of that attempt, and against the next one', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await aTask();
    await claimAll(database.db, worker, [id]);
    const answer = { id, claim: 1, cancelAction: null };
    const [, { results }] = await Promise.all([
      report(id, { attempt: 1 }),
      startTasks(racers.db, [answer], { wait: true }),
    ]);
    const [started] = results;
    expect(started === BUSY || started!.outcome === 'started' || started!.outcome === 'lost').toBe(true);
    expect(await stateOf(database.db, id)).toMatchObject({ status: 'Pending', attempt: 2, started_at: null });
    await clean(id);
  }
});
