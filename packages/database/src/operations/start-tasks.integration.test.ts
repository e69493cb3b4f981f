import {
  anAction,
  aWorker,
  batchRow,
  cancel,
  claimAll,
  deliveriesOf,
  end,
  lockTask,
  start,
  stateOf,
  submit,
  succeed,
  untilBlocked,
  useTestDatabase,
} from '@arcrun/database/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { BUSY } from '../group-commit.ts';
import { findTask } from './find-task.ts';
import { handBackClaims } from './hand-back-claims.ts';
import { startTasks, type TaskStart } from './start-tasks.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const startOne = async (taskStart: TaskStart, wait = true) => {
  const { results, notified } = await startTasks(database.db, [taskStart], { wait });
  return { result: results[0], notified };
};

// proves: lifecycle/claimed-running, lifecycle/started-at, lifecycle/timeout-running-anew
test('a claimed task runs, and its time to answer begins', async () => {
  const { id, ids } = await submit(database.db, { a: { timeoutSecs: 90, kind: 'etl' } });
  await database.pool.query(`update batch set updated_at = now() - interval '1 hour'`);
  await database.pool.query(`update task_state set last_updated = now() - interval '5 s'`);
  const [claim] = await claimAll(database.db, worker);
  const { result, notified } = await startOne({ id: ids.a, claim: claim!.claim, cancelAction: null });
  expect(result).toMatchObject({ outcome: 'started', kind: 'etl' });
  expect(result).toHaveProperty('waitSeconds', expect.closeTo(5, 0));
  expect(notified).toBe(0);
  const state = await stateOf(database.db, ids.a);
  expect(state).toMatchObject({ status: 'Running', worker_id: null });
  expect(state.last_updated).toEqual(state.started_at);
  expect(state.check_at!.getTime() - state.started_at!.getTime()).toBe(90_000);
  // The list of batches may lag, but not by more than a second.
  expect((await batchRow(database.db, id)).updated_at).toEqual(state.started_at);
});

test('a group answers each in its order', async () => {
  const { ids } = await submit(database.db, { a: {}, b: {}, c: {} });
  await claimAll(database.db, worker);
  await cancel(database.db, ids.c);
  const unknown = '0190c2a5-0000-7000-8000-000000000001';
  const { results } = await startTasks(
    database.db,
    [ids.c, unknown, ids.b, ids.a].map((id) => ({ id, claim: id === ids.b ? 7 : 1, cancelAction: null })),
    { wait: false },
  );
  expect(results).toMatchObject([
    { outcome: 'ended' },
    { outcome: 'lost' },
    { outcome: 'lost' },
    { outcome: 'started' },
  ]);
  expect(await stateOf(database.db, ids.b)).toMatchObject({ status: 'Claimed', claim: 1 });
});

test('a claim that was handed back starts nothing, nor does an older one', async () => {
  const { ids } = await submit(database.db, { a: {} });
  const first = await claimAll(database.db, worker);
  await handBackClaims(database.db, worker, first);
  const late = { id: ids.a, claim: 1, cancelAction: anAction('cancel') };
  expect((await startOne(late)).result).toEqual({ outcome: 'lost' });
  await claimAll(database.db, await aWorker(database.db));
  expect((await startOne(late)).result).toEqual({ outcome: 'lost' });
  expect(await stateOf(database.db, ids.a)).toMatchObject({
    status: 'Claimed',
    claim: 2,
    cancel_action: null,
  });
});

test('the same answer twice is started once', async () => {
  await submit(database.db, { a: {} });
  const [claim] = await claimAll(database.db, worker);
  const taskStart = { id: claim!.id, claim: 1, cancelAction: null };
  expect((await startOne(taskStart)).result).toMatchObject({ outcome: 'started' });
  expect((await startOne(taskStart)).result).toEqual({ outcome: 'lost' });
});

test('what somebody else has locked is busy, and is waited for when it goes alone', async () => {
  const { ids } = await submit(database.db, { a: {}, b: {} });
  await claimAll(database.db, worker);
  const open = await lockTask(database.db, ids.a);
  const starts = [ids.a, ids.b].map((id) => ({ id, claim: 1, cancelAction: null }));
  const { results } = await startTasks(database.db, starts, { wait: false });
  expect(results).toEqual([BUSY, expect.objectContaining({ outcome: 'started' })]);
  const waiting = startOne(starts[0]!);
  await untilBlocked(database.db, 'start_tasks');
  await open.commit();
  expect((await waiting).result).toMatchObject({ outcome: 'started' });
});

test('a row that stays locked fails the call that waits for it', { timeout: 15_000 }, async () => {
  const { ids } = await submit(database.db, { a: {} });
  await claimAll(database.db, worker);
  const open = await lockTask(database.db, ids.a);
  await expect(startOne({ id: ids.a, claim: 1, cancelAction: null })).rejects.toMatchObject({
    code: '55P03',
  });
  await open.commit();
});

describe('the cancel action of an answer', () => {
  // proves: webhooks/cancel-action, webhooks/cancel-called
  test('is kept, stored once, and called when the task is canceled', async () => {
    const { ids } = await submit(database.db, { a: {}, b: {} });
    await claimAll(database.db, worker);
    const cancelAction = anAction('cancel', '{"n":1}');
    await startTasks(
      database.db,
      [ids.a, ids.b].map((id) => ({ id, claim: 1, cancelAction })),
      { wait: true },
    );
    expect(JSON.parse((await findTask(database.db, ids.a))!).actions).toEqual([
      expect.objectContaining({ trigger: 'Start' }),
      {
        kind: 'Webhook',
        trigger: 'Cancel',
        params: { url: cancelAction.url, verb: 'Post', body: { n: 1 } },
        failure_count: 0,
        last_error: null,
      },
    ]);
    expect((await cancel(database.db, ids.a)).effects.notified).toBe(1);
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([{ trigger: 'Cancel', status: 'Pending' }]);
    expect((await succeed(database.db, ids.b)).effects.notified).toBe(0);
    expect(await deliveriesOf(database.db, ids.b)).toEqual([]);
  });

  // proves: webhooks/cancel-action-late
  test('is called at once when the task was canceled while its call was open', async () => {
    const { ids } = await submit(database.db, { a: { onFailure: [anAction('failed')] } });
    await claimAll(database.db, worker);
    expect((await cancel(database.db, ids.a)).effects.notified).toBe(0);
    expect(await deliveriesOf(database.db, ids.a)).toEqual([]);
    const { result, notified } = await startOne({ id: ids.a, claim: 1, cancelAction: anAction('cancel') });
    expect(result).toEqual({ outcome: 'ended' });
    expect(notified).toBe(1);
    const [delivery, ...others] = await deliveriesOf(database.db, ids.a);
    expect(others).toEqual([]);
    expect(delivery).toMatchObject({ trigger: 'Cancel', status: 'Pending', waits_for_worker: null });
    expect(delivery!.next_attempt_at).not.toBeNull();
    // The same answer once more changes nothing.
    expect((await startOne({ id: ids.a, claim: 1, cancelAction: anAction('cancel') })).result).toEqual({
      outcome: 'lost',
    });
    expect(await deliveriesOf(database.db, ids.a)).toHaveLength(1);
  });

  test('is kept but not called when the task succeeded meanwhile', async () => {
    const { ids } = await submit(database.db, { a: {} });
    await claimAll(database.db, worker);
    await succeed(database.db, ids.a);
    await startOne({ id: ids.a, claim: 1, cancelAction: anAction('cancel') });
    expect(await deliveriesOf(database.db, ids.a)).toEqual([]);
  });
});

describe('notifications of a task that ended while its call was open', () => {
  // proves: webhooks/start-before-rest
  test('wait for the answer', async () => {
    const { ids } = await submit(database.db, { a: { onSuccess: [anAction('done'), anAction('also')] } });
    await claimAll(database.db, worker);
    expect((await succeed(database.db, ids.a)).effects.notified).toBe(2);
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([
      { position: 0, next_attempt_at: null, waits_for_worker: worker },
      { position: 1, next_attempt_at: null, waits_for_worker: worker },
    ]);
    const { result, notified } = await startOne({ id: ids.a, claim: 1, cancelAction: null });
    expect(result).toEqual({ outcome: 'ended' });
    expect(notified).toBe(2);
    const deliveries = await deliveriesOf(database.db, ids.a);
    expect(deliveries.map((delivery) => delivery.waits_for_worker)).toEqual([null, null]);
    expect(deliveries.every((delivery) => delivery.next_attempt_at !== null)).toBe(true);
    expect(await stateOf(database.db, ids.a)).toMatchObject({ status: 'Success', worker_id: null });
  });

  // proves: webhooks/start-before-rest
  test('follow when the call fails instead', async () => {
    const { ids } = await submit(database.db, { a: { onSuccess: [anAction('done')] } });
    await claimAll(database.db, worker);
    await succeed(database.db, ids.a);
    const { result, effects } = await end(database.db, 'failStart', {
      id: ids.a,
      status: 'Failure',
      claim: 1,
    });
    expect(result).toMatchObject({ outcome: 'conflict', status: 'Success' });
    expect(effects.notified).toBe(1);
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([
      { waits_for_worker: null, status: 'Pending' },
    ]);
    expect((await deliveriesOf(database.db, ids.a))[0]!.next_attempt_at).not.toBeNull();
  });

  test('go on waiting when an older call says that it is over', async () => {
    const { ids } = await submit(database.db, { a: { onSuccess: [anAction('done')] } });
    await handBackClaims(database.db, worker, await claimAll(database.db, worker));
    const second = await aWorker(database.db);
    await claimAll(database.db, second);
    await succeed(database.db, ids.a);
    expect((await startOne({ id: ids.a, claim: 1, cancelAction: null })).result).toEqual({ outcome: 'lost' });
    await end(database.db, 'failStart', { id: ids.a, status: 'Failure', claim: 1 });
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([{ waits_for_worker: second }]);
  });

  test('do not wait for a task that runs', async () => {
    const { ids } = await submit(database.db, { a: { onSuccess: [anAction('done')] } });
    await start(database.db, await claimAll(database.db, worker));
    await succeed(database.db, ids.a);
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([{ waits_for_worker: null }]);
  });
});
