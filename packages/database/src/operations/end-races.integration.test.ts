import {
  anAction,
  aWorker,
  batchRow,
  cancel,
  claimAll,
  deliveriesOf,
  fail,
  run,
  start,
  stateOf,
  statusesOf,
  submit,
  succeed,
  useTestDatabase,
  expectSoundAfterEach,
  useRacers,
} from '@arcrun/database/testing';
import { beforeEach, expect, test } from 'vitest';
import { endTasks } from './end-tasks.ts';
import { handBackClaims } from './hand-back-claims.ts';
import { startTasks } from './start-tasks.ts';

// Ends that meet, hundreds of times, on real connections.

const ROUNDS = 200;

const database = useTestDatabase();
expectSoundAfterEach(database);
const racers = useRacers(database, 12);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

// proves: http/patch-conflict
test('a hundred clients end one task: one is applied, all others are told', async () => {
  for (let round = 0; round < 100; round++) {
    const { id, ids } = await submit(
      database.db,
      { a: { onSuccess: [anAction('s')], onFailure: [anAction('f')] }, child: { follows: ['a'] } },
      {},
    );
    await run(database.db, worker, [ids.a]);
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, client) => {
        const end = client % 2 === 0 ? { status: 'Success' } : { status: 'Failure', reason: 'broken' };
        const { results } = await endTasks(
          racers.db,
          'report',
          [{ id: ids.a, ...end } as Parameters<typeof endTasks>[2][number]],
          { wait: true, cascadeLimit: 10 },
        );
        return results[0]!;
      }),
    );
    const outcomes = answers.map((answer) => (typeof answer === 'symbol' ? 'busy' : answer.outcome));
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(99);
    expect(await deliveriesOf(database.db, ids.a)).toHaveLength(1);
    expect((await statusesOf(database.db, id)).child).toBe('Pending');
    expect(await batchRow(database.db, id)).toMatchObject({ open_tasks: 1 });
  }
});

// proves: lifecycle/waiting-pending
test('both parents of a join end together: it opens exactly once, or fails once', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { id, ids } = await submit(database.db, {
      left: {},
      right: {},
      join: { needs: ['left', 'right'], onFailure: [anAction('f')] },
    });
    await run(database.db, worker, [ids.left, ids.right]);
    const rightFails = round % 3 === 0;
    await Promise.all([
      succeed(racers.db, ids.left),
      rightFails ? fail(racers.db, ids.right) : succeed(racers.db, ids.right),
    ]);
    expect(await statusesOf(database.db, id)).toMatchObject({ join: rightFails ? 'Failure' : 'Pending' });
    expect(await deliveriesOf(database.db, ids.join)).toHaveLength(rightFails ? 1 : 0);
  }
});

// proves: lifecycle/terminal-for-ever
test('cancel against success: one of both, and what follows is of that one', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { id, ids } = await submit(database.db, {
      a: { onSuccess: [anAction('s')], onFailure: [anAction('f')] },
      child: { needs: ['a'], onFailure: [anAction('f')] },
    });
    await run(database.db, worker, [ids.a]);
    const moves = [() => cancel(racers.db, ids.a), () => succeed(racers.db, ids.a).catch(() => undefined)];
    await Promise.all((round % 2 === 0 ? moves : moves.toReversed()).map((move) => move()));
    const { a, child } = await statusesOf(database.db, id);
    seen.add(a!);
    expect([a, child]).toEqual(a === 'Success' ? ['Success', 'Pending'] : ['Canceled', 'Failure']);
    expect(await deliveriesOf(database.db, ids.a)).toHaveLength(a === 'Success' ? 1 : 0);
    expect(await deliveriesOf(database.db, ids.child)).toHaveLength(a === 'Success' ? 0 : 1);
  }
  expect(seen).toEqual(new Set(['Success', 'Canceled']));
});

// proves: lifecycle/handed-back-ended
test("a hand-back against the client's late report: the report stands, and nobody calls it again", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { ids } = await submit(database.db, { a: { onSuccess: [anAction('s')] } });
    const claims = await claimAll(database.db, worker);
    const moves = [
      () => handBackClaims(racers.db, worker, claims),
      () =>
        endTasks(racers.db, 'report', [{ id: ids.a, status: 'Success' }], { wait: true, cascadeLimit: 10 }),
      // The answer of the call that was given up changes nothing either way.
      () => startTasks(racers.db, [{ ...claims[0]!, cancelAction: null }], { wait: true }),
    ];
    await Promise.all((round % 2 === 0 ? moves : moves.toReversed()).map((move) => move()));
    expect(await stateOf(database.db, ids.a)).toMatchObject({ status: 'Success', claim: 1, worker_id: null });
    expect(await claimAll(database.db, worker)).toEqual([]);
    // It waits for nobody: the call is over, whoever said so.
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([{ waits_for_worker: null }]);
  }
});

test('a hand-back against the answer of its own call: Running or Pending, and one more claim at most', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { ids } = await submit(database.db, { a: {} });
    const claims = await claimAll(database.db, worker);
    const [{ returned }, { results }] = await Promise.all([
      handBackClaims(racers.db, worker, claims),
      startTasks(racers.db, [{ ...claims[0]!, cancelAction: null }], { wait: true }),
    ]);
    const { status } = await stateOf(database.db, ids.a);
    expect([returned, results[0], status]).toEqual(
      returned === 1
        ? [1, { outcome: 'lost' }, 'Pending']
        : [0, expect.objectContaining({ outcome: 'started' }), 'Running'],
    );
    if (status === 'Pending') await start(database.db, await claimAll(database.db, worker));
    await succeed(database.db, ids.a);
  }
});
