import {
  anAction,
  aWorker,
  claimAll,
  deliveriesOf,
  end,
  start,
  submit,
  useTestDatabase,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import { handBackDeadClaims } from './hand-back-dead-claims.ts';
import { type LeasedDelivery, leaseDeliveries } from './lease-deliveries.ts';
import { type DeliveryOutcome, recordDeliveries } from './record-deliveries.ts';
import { releaseLostDeliveries } from './release-lost-deliveries.ts';
import { startTasks } from './start-tasks.ts';

const database = useTestDatabase();
let worker: string;
let other: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
  other = await aWorker(database.db);
});

const lease = async (by = worker, limit = 100, leaseSecs = 60) =>
  (await leaseDeliveries(database.db, by, { limit, leaseSecs, originRoom: limit })).leased;

const record = (by: string, delivery: LeasedDelivery, outcome: Partial<DeliveryOutcome>) =>
  recordDeliveries(database.db, by, [
    {
      id: delivery.id,
      attempt: delivery.attempt,
      outcome: 'Success',
      error: null,
      retryInSecs: null,
      ...outcome,
    },
  ]);

/** A task that has succeeded, with so many notifications of it. */
async function anEndedTask(notifications = 1): Promise<string> {
  const onSuccess = Array.from({ length: notifications }, (_, index) => anAction(`success-${index}`));
  const { ids } = await submit(database.db, { a: { onSuccess } });
  await start(database.db, await claimAll(database.db, worker, [ids.a]));
  await end(database.db, 'report', { id: ids.a, status: 'Success' });
  return ids.a;
}

const passLeases = () =>
  database.pool.query(
    `update delivery set next_attempt_at = now() - interval '1 ms' where worker_id is not null`,
  );

/** A worker died; the sweep ran a moment ago, so this is no outage. */
async function die(workerId: string): Promise<void> {
  await sql`insert into sweep (name, ran_at) values ('leases', now())`.execute(database.db);
  await sql`update worker set lease_until = now() - interval '1 hour' where id = ${workerId}`.execute(
    database.db,
  );
  await handBackDeadClaims(database.db, 6);
}

test('a lease carries what the call needs, and counts as an attempt', async () => {
  const id = await anEndedTask(2);
  const leased = await lease();
  expect(leased.toSorted((a, b) => a.position - b.position)).toMatchObject([
    { taskId: id, batchId: null, trigger: 'End', condition: 'Success', position: 0, attempt: 1 },
    { taskId: id, batchId: null, trigger: 'End', condition: 'Success', position: 1, attempt: 1 },
  ]);
  expect(leased[0]!.subject).toEqual({
    status: 'Success',
    attempt: 1,
    ended_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  });
  expect(leased[0]!.ageSecs).toBeGreaterThanOrEqual(0);
  expect(leased[0]!.ageSecs).toBeLessThan(10);
  expect(await deliveriesOf(database.db, id)).toMatchObject([
    { status: 'Pending', attempts: 1, worker_id: worker },
    { status: 'Pending', attempts: 1, worker_id: worker },
  ]);
});

// proves: webhooks/batch-body
test("a batch's notification tells of its counts", async () => {
  const { id, ids } = await submit(
    database.db,
    { a: {}, b: {} },
    { onComplete: [anAction('complete')], postedAsObject: true },
  );
  await start(database.db, await claimAll(database.db, worker));
  await end(database.db, 'report', { id: ids.a, status: 'Success' });
  expect(await lease()).toEqual([]);
  await end(database.db, 'cancel', { id: ids.b, status: 'Canceled' });
  expect(await lease()).toMatchObject([
    {
      taskId: null,
      batchId: id,
      trigger: 'BatchComplete',
      condition: null,
      subject: { status_counts: { Success: 1, Canceled: 1 } },
    },
  ]);
});

// proves: webhooks/at-least-once
test('what is leased is nobody else’s until the lease has run out', async () => {
  await anEndedTask();
  const [first] = await lease();
  expect(await lease(other)).toEqual([]);
  await passLeases();
  const [second] = await lease(other);
  expect(second).toMatchObject({ id: first!.id, attempt: 2 });
});

test('the oldest due goes first, and no more than asked for', async () => {
  const older = await anEndedTask();
  const newer = await anEndedTask();
  expect((await lease(worker, 1)).map((delivery) => delivery.taskId)).toEqual([older]);
  expect((await lease(worker, 1)).map((delivery) => delivery.taskId)).toEqual([newer]);
  expect(await lease(worker, 1)).toEqual([]);
});

test('a delivered notification is not called again', async () => {
  const id = await anEndedTask();
  const [delivery] = await lease();
  expect(await record(worker, delivery!, {})).toEqual(new Set([delivery!.id]));
  expect(await deliveriesOf(database.db, id)).toMatchObject([
    { status: 'Success', attempts: 1, worker_id: null, next_attempt_at: null, last_error: null },
  ]);
  expect(await lease()).toEqual([]);
});

// proves: http/ledger-tries
test('a failed attempt waits for its time, and its error stays to be read after the success', async () => {
  const id = await anEndedTask();
  const [delivery] = await lease();
  await record(worker, delivery!, { outcome: 'Pending', error: 'answered 503', retryInSecs: 30 });
  const [row] = await deliveriesOf(database.db, id);
  expect(row).toMatchObject({ status: 'Pending', attempts: 1, worker_id: null, last_error: 'answered 503' });
  const inSecs = (Number(row!.next_attempt_at) - Date.now()) / 1000;
  expect(inSecs).toBeGreaterThan(25);
  expect(inSecs).toBeLessThanOrEqual(31);
  expect(await lease()).toEqual([]);
  await database.pool.query('update delivery set next_attempt_at = now()');
  const [again] = await lease(other);
  expect(again!.attempt).toBe(2);
  await record(other, again!, {});
  expect(await deliveriesOf(database.db, id)).toMatchObject([
    { status: 'Success', attempts: 2, last_error: 'answered 503' },
  ]);
});

// proves: webhooks/exhausted
test('an exhausted one is kept with its error and not called again', async () => {
  const id = await anEndedTask();
  const [delivery] = await lease();
  await record(worker, delivery!, { outcome: 'Exhausted', error: 'connect ECONNREFUSED' });
  expect(await deliveriesOf(database.db, id)).toMatchObject([
    { status: 'Exhausted', next_attempt_at: null, last_error: 'connect ECONNREFUSED' },
  ]);
  expect(await lease()).toEqual([]);
});

test('what a lost lease reports changes nothing', async () => {
  const id = await anEndedTask();
  const [lost] = await lease();
  await passLeases();
  const [held] = await lease(other);
  expect(await record(worker, lost!, { outcome: 'Exhausted', error: 'late' })).toEqual(new Set());
  expect(await deliveriesOf(database.db, id)).toMatchObject([
    { status: 'Pending', worker_id: other, last_error: null },
  ]);
  // Not the same attempt of the same worker either.
  await passLeases();
  const [mine] = await lease(worker);
  expect(await record(worker, lost!, { outcome: 'Exhausted', error: 'late' })).toEqual(new Set());
  expect(await record(other, held!, {})).toEqual(new Set());
  expect(await record(worker, mine!, {})).toEqual(new Set([mine!.id]));
  expect(await record(worker, mine!, { outcome: 'Exhausted', error: 'twice' })).toEqual(new Set());
  expect(await deliveriesOf(database.db, id)).toMatchObject([{ status: 'Success', attempts: 3 }]);
});

test('two workers at once never lease the same one', async () => {
  const ends = 60;
  for (let i = 0; i < ends; i++) await anEndedTask(5);
  // A round that found its candidates taken says that there are more.
  const untilNoMore = async (by: string): Promise<string[]> => {
    const ids: string[] = [];
    for (;;) {
      const round = await leaseDeliveries(database.db, by, { limit: 10, leaseSecs: 60, originRoom: 100 });
      ids.push(...round.leased.map((delivery) => delivery.id));
      if (!round.more) return ids;
    }
  };
  const leases = await Promise.all(
    Array.from({ length: 8 }, (_, index) => untilNoMore(index % 2 === 0 ? worker : other)),
  );
  const ids = leases.flat();
  expect(ids.length).toBe(5 * ends);
  expect(new Set(ids).size).toBe(ids.length);
});

// proves: webhooks/start-before-rest
test('end and cancel calls wait until on_start was answered', async () => {
  const { ids } = await submit(database.db, {
    a: { onSuccess: [anAction('success')] },
    b: {},
  });
  const claims = await claimAll(database.db, worker);
  const claimOf = (id: string) => claims.find((claim) => claim.id === id)!.claim;
  await end(database.db, 'report', { id: ids.a, status: 'Success' });
  await end(database.db, 'cancel', { id: ids.b, status: 'Canceled' });
  expect(await lease()).toEqual([]);
  const { notified } = await startTasks(
    database.db,
    [
      { id: ids.a, claim: claimOf(ids.a), cancelAction: null },
      { id: ids.b, claim: claimOf(ids.b), cancelAction: anAction('cancel') },
    ],
    { wait: true },
  );
  expect(notified).toBe(2);
  const leased = await lease();
  expect(new Map(leased.map((delivery) => [delivery.taskId, delivery.trigger]))).toEqual(
    new Map([
      [ids.a, 'End'],
      [ids.b, 'Cancel'],
    ]),
  );
});

// proves: webhooks/start-before-rest
test('… or until its worker is dead', async () => {
  const dying = await aWorker(database.db);
  const { ids } = await submit(database.db, { a: { onSuccess: [anAction('success')] } });
  await claimAll(database.db, dying);
  await end(database.db, 'report', { id: ids.a, status: 'Success' });
  expect(await lease()).toEqual([]);
  await die(dying);
  expect((await lease()).map((delivery) => delivery.taskId)).toEqual([ids.a]);
});

// proves: webhooks/at-least-once
test('what a dead worker was delivering is due again at once', async () => {
  const dying = await aWorker(database.db);
  await anEndedTask();
  const [lost] = await lease(dying, 10, 3600);
  await die(dying);
  expect(await lease(other)).toMatchObject([{ id: lost!.id, attempt: 2 }]);
});

// proves: webhooks/lost-lease
test('what a worker holds without knowing it is due again, and was no attempt', async () => {
  await anEndedTask(3);
  const [known, ...lost] = await lease();
  await lease(other);
  expect(await releaseLostDeliveries(database.db, other, [])).toBe(0);
  expect(await releaseLostDeliveries(database.db, worker, [known!.id])).toBe(2);
  const again = await lease(other);
  expect(new Map(again.map(({ id, attempt }) => [id, attempt]))).toEqual(
    new Map(lost.map(({ id }) => [id, 1])),
  );
  expect((await record(worker, lost[0]!, {})).size).toBe(0);
});
