import { isTerminal, TASK_STATUSES, type TaskStatus, TRANSITIONS } from '@arcrun/domain';
import {
  aWorker,
  claimUpTo,
  cancel,
  claimAll,
  fail,
  findViolations,
  lockTask,
  run,
  stateOf,
  statusesOf,
  submit,
  succeed,
  untilBlocked,
  useTestDatabase,
} from '@arcrun/database/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { handBackClaims } from './hand-back-claims.ts';
import { pauseTask } from './pause-task.ts';
import { resumeTask } from './resume-task.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const pause = (id: string) => pauseTask(database.db, id);
const resume = (id: string) => resumeTask(database.db, id);
const UNKNOWN = '0190c2a5-0000-7000-8000-000000000001';

/** Brings a fresh task into a state; returns its id. */
async function inStatus(status: TaskStatus): Promise<string> {
  const { ids } = await submit(database.db, { parent: {}, a: {}, waiting: { needs: ['parent'] } });
  if (status === 'Waiting') return ids.waiting;
  if (status === 'Pending') return ids.a;
  if (status === 'Paused') await pause(ids.a);
  else if (status === 'Claimed') await claimAll(database.db, worker, [ids.a]);
  else await run(database.db, worker, [ids.a]);
  if (status === 'Success') await succeed(database.db, ids.a);
  if (status === 'Failure') await fail(database.db, ids.a);
  if (status === 'Canceled') await cancel(database.db, ids.a);
  return ids.a;
}

describe('from every state', () => {
  // proves: lifecycle/pause
  test.each(TASK_STATUSES)('pause of a %s task', async (status) => {
    const id = await inStatus(status);
    const before = await stateOf(database.db, id);
    const isAllowed = (TRANSITIONS.pause.from as readonly TaskStatus[]).includes(status);
    const moved = await pause(id);
    const after = await stateOf(database.db, id);
    if (isAllowed) {
      expect(moved).toEqual({ changed: true, was: status, status: 'Paused' });
      expect(after.last_updated.getTime()).toBeGreaterThan(before.last_updated.getTime());
      expect(after).toEqual({ ...before, status: 'Paused', last_updated: after.last_updated });
    } else {
      expect(moved).toEqual({ changed: false, was: status, status });
      expect(after).toEqual(before);
    }
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: http/pause-answers
  test.each(TASK_STATUSES.filter((status) => status !== 'Paused'))('resume of a %s task', async (status) => {
    const id = await inStatus(status);
    const before = await stateOf(database.db, id);
    expect(await resume(id)).toEqual({ changed: false, was: status, status });
    expect(await stateOf(database.db, id)).toEqual(before);
  });

  test('unknown tasks', async () => {
    expect(await pause(UNKNOWN)).toBeNull();
    expect(await resume(UNKNOWN)).toBeNull();
  });
});

describe('a paused task', () => {
  // proves: lifecycle/pause, http/priority-kept
  test('is not claimed, and keeps its place when it is resumed', async () => {
    const { ids } = await submit(database.db, { first: {}, second: {} });
    await pause(ids.first);
    const paused = await stateOf(database.db, ids.first);
    await submit(database.db, { third: {} });
    expect(await resume(ids.first)).toEqual({ changed: true, was: 'Paused', status: 'Pending' });
    expect(await stateOf(database.db, ids.first)).toMatchObject({
      created_at: paused.created_at,
      position: paused.position,
    });
    const [next] = await claimUpTo(database.db, worker, 1);
    expect(next!.id).toBe(ids.first);
  });

  test('is passed over by claims', async () => {
    const { ids } = await submit(database.db, { a: {}, b: {} });
    await pause(ids.a);
    expect((await claimUpTo(database.db, worker, 10)).map((claim) => claim.id)).toEqual([ids.b]);
  });

  // proves: lifecycle/resume
  test('goes back to Waiting while a parent is open', async () => {
    const { ids } = await submit(database.db, { a: {}, b: {}, join: { needs: ['a'], follows: ['b'] } });
    await run(database.db, worker);
    await pause(ids.join);
    await succeed(database.db, ids.a);
    expect(await resume(ids.join)).toEqual({ changed: true, was: 'Paused', status: 'Waiting' });
    await fail(database.db, ids.b);
    expect(await stateOf(database.db, ids.join)).toMatchObject({ status: 'Pending', open_parents: 0 });
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: lifecycle/resume
  test('goes to Pending when its parents ended meanwhile', async () => {
    const { ids } = await submit(database.db, { a: {}, b: { needs: ['a'] } });
    await run(database.db, worker);
    await pause(ids.b);
    await succeed(database.db, ids.a);
    expect(await stateOf(database.db, ids.b)).toMatchObject({ status: 'Paused', open_parents: 0 });
    expect(await resume(ids.b)).toEqual({ changed: true, was: 'Paused', status: 'Pending' });
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: lifecycle/pause-no-shield
  test('is not shielded: it fails with a required parent', async () => {
    const { id, ids } = await submit(database.db, { a: {}, b: { needs: ['a'] }, c: { needs: ['b'] } });
    await run(database.db, worker);
    await pause(ids.b);
    await pause(ids.c);
    const { effects } = await fail(database.db, ids.a);
    expect(effects.endedFrom).toEqual([{ from: 'Paused', to: 'Failure', count: 2 }]);
    expect(await statusesOf(database.db, id)).toEqual({ a: 'Failure', b: 'Failure', c: 'Failure' });
    expect((await stateOf(database.db, ids.c)).failure_reason).toBe(`Required parent task ${ids.b} failed`);
    expect(await resume(ids.b)).toEqual({ changed: false, was: 'Failure', status: 'Failure' });
    expect(await findViolations(database.db)).toEqual([]);
  });

  // proves: lifecycle/handed-back-ended
  test('that was handed back before may still be ended by its client', async () => {
    const { ids } = await submit(database.db, { a: {} });
    await handBackClaims(database.db, worker, await claimAll(database.db, worker));
    await pause(ids.a);
    expect((await succeed(database.db, ids.a)).result).toMatchObject({ outcome: 'applied' });
    expect(isTerminal((await resume(ids.a))!.status)).toBe(true);
  });
});

test('a pause that waited for a row decides by what it finds then', async () => {
  const { ids } = await submit(database.db, { a: {}, b: { needs: ['a'] } });
  await run(database.db, worker);
  const row = await lockTask(database.db, ids.b);
  const ending = succeed(database.db, ids.a);
  await untilBlocked(database.db, 'end_tasks');
  const pausing = pause(ids.b);
  await untilBlocked(database.db, 'pause_task');
  await row.commit();
  await ending;
  const moved = await pausing;
  expect(moved).toMatchObject({ changed: true, status: 'Paused' });
  expect(await stateOf(database.db, ids.b)).toMatchObject({ status: 'Paused', open_parents: 0 });
});
