import {
  anAction,
  aWorker,
  claimUpTo,
  claimAll,
  deliveriesOf,
  openTransaction,
  run,
  stateOf,
  submit,
  succeed,
  untilBlocked,
  useTestDatabase,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { handBackClaims } from './hand-back-claims.ts';
import { handBackDeadClaims } from './hand-back-dead-claims.ts';
import { handBackLostClaims } from './hand-back-lost-claims.ts';
import { leaseDeliveries } from './lease-deliveries.ts';
import { deleteWorkerLease } from './delete-worker-lease.ts';
import { renewWorkerLease } from './renew-worker-lease.ts';

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

/** Lets the lease of a worker run out. */
const expire = (id: string) =>
  sql`update worker set lease_until = now() - interval '1 ms' where id = ${id}`.execute(database.db);

/** The sweep ran a moment ago, so leases that ran out did so without an outage. */
const sweptJustNow = () =>
  sql`insert into sweep (name, ran_at) values ('leases', now())
      on conflict (name) do update set ran_at = now(), grace_until = '-infinity'`.execute(database.db);

describe('a worker that stops', () => {
  // proves: lifecycle/hand-back-stop, lifecycle/started-at-handed-back
  test('gives back what it names', async () => {
    const { ids } = await submit(database.db, { a: {}, b: {} });
    const claims = await claimAll(database.db, worker);
    expect(await handBackClaims(database.db, worker, claims.slice(0, 1))).toEqual({
      returned: 1,
      notified: 0,
    });
    expect(await stateOf(database.db, ids.a)).toMatchObject({
      status: 'Pending',
      claim: 1,
      worker_id: null,
      check_at: null,
      started_at: null,
    });
    expect(await stateOf(database.db, ids.b)).toMatchObject({ status: 'Claimed' });
  });

  test('gives back nothing that runs, has ended, is claimed anew or is somebody else’s', async () => {
    await submit(database.db, { a: {}, b: {}, c: {}, d: {} });
    const claims = await claimAll(database.db, worker);
    const [a, b, c, d] = claims;
    await handBackClaims(database.db, worker, [a!, b!]);
    await run(database.db, worker, [a!.id]);
    const other = await aWorker(database.db);
    await claimAll(database.db, other, [b!.id]);
    await succeed(database.db, c!.id);
    const none = { returned: 0, notified: 0 };
    expect(await handBackClaims(database.db, other, [d!])).toEqual(none);
    expect(await handBackClaims(database.db, worker, [a!, b!, c!])).toEqual(none);
    expect(await stateOf(database.db, b!.id)).toMatchObject({
      status: 'Claimed',
      worker_id: other,
      claim: 3,
    });
  });

  test('leaves alone what is claimed anew while it waits for the row', async () => {
    const { ids } = await submit(database.db, { a: {} });
    const claims = await claimAll(database.db, worker);
    const other = await aWorker(database.db);
    const open = await openTransaction(database.db);
    await handBackClaims(open.trx, worker, claims);
    await claimUpTo(open.trx, other, 1);
    const late = handBackClaims(database.db, worker, claims);
    await untilBlocked(database.db, 'hand_back_claims');
    await open.commit();
    expect((await late).returned).toBe(0);
    expect(await stateOf(database.db, ids.a)).toMatchObject({
      status: 'Claimed',
      worker_id: other,
      claim: 2,
    });
  });

  test('lets the notifications follow of what ended during the call', async () => {
    const { ids } = await submit(database.db, { a: { onSuccess: [anAction('done')] } });
    const claims = await claimAll(database.db, worker);
    await succeed(database.db, ids.a);
    expect(await handBackClaims(database.db, worker, claims)).toEqual({ returned: 0, notified: 1 });
    expect(await stateOf(database.db, ids.a)).toMatchObject({ status: 'Success', worker_id: null });
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([{ waits_for_worker: null }]);
  });
});

describe('claims that their living worker lost', () => {
  // proves: lifecycle/hand-back-old-claim
  test('are given back once they are old, unless it knows of them', async () => {
    const { ids } = await submit(database.db, { lost: {}, known: {}, young: {} });
    await claimAll(database.db, worker);
    await sql`update task_state set check_at = now() - interval '31 s' where id <> ${ids.young}`.execute(
      database.db,
    );
    expect(await handBackLostClaims(database.db, worker, [ids.known], 30)).toEqual({
      returned: 1,
      notified: 0,
    });
    expect(await stateOf(database.db, ids.lost)).toMatchObject({ status: 'Pending' });
    expect(await stateOf(database.db, ids.known)).toMatchObject({ status: 'Claimed' });
    expect(await stateOf(database.db, ids.young)).toMatchObject({ status: 'Claimed' });
  });

  test('of other workers are left alone', async () => {
    await submit(database.db, { a: {} });
    await claimAll(database.db, worker);
    await sql`update task_state set check_at = now() - interval '1 h'`.execute(database.db);
    expect(await handBackLostClaims(database.db, await aWorker(database.db), [], 30)).toEqual({
      returned: 0,
      notified: 0,
    });
  });

  // proves: webhooks/at-least-once
  test('hold up no notification of a task that ended meanwhile, by the late report of an earlier call', async () => {
    const { ids } = await submit(database.db, { a: { onSuccess: [anAction('told')] } });
    const [called] = await claimAll(database.db, worker);
    await handBackClaims(database.db, worker, [called!]);
    await claimAll(database.db, worker);
    await succeed(database.db, ids.a);
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([
      { next_attempt_at: null, waits_for_worker: worker },
    ]);
    // It may be that the answer to the claim is still on its way, or that the call is made.
    expect(await handBackLostClaims(database.db, worker, [], 30)).toEqual({ returned: 0, notified: 0 });
    expect(await handBackLostClaims(database.db, worker, [ids.a], 0)).toEqual({ returned: 0, notified: 0 });
    expect(await handBackLostClaims(database.db, worker, [], 0)).toEqual({ returned: 0, notified: 1 });
    expect(await deliveriesOf(database.db, ids.a)).toMatchObject([
      { status: 'Pending', next_attempt_at: expect.any(Date), waits_for_worker: null },
    ]);
    expect(await stateOf(database.db, ids.a)).toMatchObject({ status: 'Success', worker_id: null });
  });
});

describe('workers whose lease ran out', () => {
  // proves: lifecycle/hand-back-lease
  test('lose their claims and are forgotten; others keep theirs', async () => {
    const { ids } = await submit(database.db, { a: {}, b: {}, c: {} });
    const other = await aWorker(database.db);
    await run(database.db, worker, [ids.a]);
    await claimAll(database.db, worker, [ids.b]);
    await claimAll(database.db, other, [ids.c]);
    await sweptJustNow();
    await expire(worker);
    expect(await handBackDeadClaims(database.db, 6)).toMatchObject({ returned: 1, dead: [worker] });
    expect(await stateOf(database.db, ids.a)).toMatchObject({ status: 'Running' });
    expect(await stateOf(database.db, ids.b)).toMatchObject({ status: 'Pending', worker_id: null });
    expect(await stateOf(database.db, ids.c)).toMatchObject({ status: 'Claimed', worker_id: other });
    expect(await handBackDeadClaims(database.db, 6)).toMatchObject({ returned: 0, dead: [] });
  });

  test('lose their claims too when they gave the lease up', async () => {
    const { ids } = await submit(database.db, { a: {} });
    await claimAll(database.db, worker);
    await deleteWorkerLease(database.db, worker);
    await sweptJustNow();
    expect(await handBackDeadClaims(database.db, 6)).toMatchObject({ returned: 1, dead: [] });
    expect(await stateOf(database.db, ids.a)).toMatchObject({ status: 'Pending' });
  });

  // proves: webhooks/start-before-rest
  test('hold up no notification of a task that ended during their call', async () => {
    const { ids } = await submit(database.db, { a: { onSuccess: [anAction('done')] } });
    await claimAll(database.db, worker);
    await succeed(database.db, ids.a);
    await sweptJustNow();
    await expire(worker);
    expect(await handBackDeadClaims(database.db, 6)).toEqual({ returned: 0, notified: 1, dead: [worker] });
    const [delivery] = await deliveriesOf(database.db, ids.a);
    expect(delivery).toMatchObject({ status: 'Pending', waits_for_worker: null });
    expect(delivery!.next_attempt_at).not.toBeNull();
    expect(await stateOf(database.db, ids.a)).toMatchObject({ worker_id: null });
  });

  test('lose the notifications that they were delivering', async () => {
    const { ids } = await submit(database.db, { a: { onSuccess: [anAction('done')] } });
    await run(database.db, worker);
    await succeed(database.db, ids.a);
    await leaseDeliveries(database.db, worker, { limit: 10, leaseSecs: 120, originRoom: 10 });
    await sweptJustNow();
    await expire(worker);
    await handBackDeadClaims(database.db, 6);
    const other = await aWorker(database.db);
    expect(
      (await leaseDeliveries(database.db, other, { limit: 10, leaseSecs: 120, originRoom: 10 })).leased,
    ).toMatchObject([{ taskId: ids.a, attempt: 2 }]);
  });

  test('lose their claims too when sweeps are further apart than a lease is long', async () => {
    await submit(database.db, { a: {} });
    await claimAll(database.db, worker);
    await sweptJustNow();
    await sql`update sweep set ran_at = now() - interval '1 min'`.execute(database.db);
    await expire(worker);
    expect(await handBackDeadClaims(database.db, 6, 90)).toMatchObject({ returned: 1, dead: [worker] });
  });

  test('have a period of grace after an outage, in which nobody could sweep or renew', async () => {
    await submit(database.db, { a: {} });
    await claimAll(database.db, worker);
    await sweptJustNow();
    await sql`update sweep set ran_at = now() - interval '7 s'`.execute(database.db);
    await expire(worker);
    expect(await handBackDeadClaims(database.db, 6)).toMatchObject({ returned: 0, dead: [] });
    expect(await handBackDeadClaims(database.db, 6)).toMatchObject({ returned: 0, dead: [] });
    await sql`update sweep set grace_until = now()`.execute(database.db);
    expect(await handBackDeadClaims(database.db, 6)).toMatchObject({ returned: 1, dead: [worker] });
  });

  test('who renew in time keep what they hold', async () => {
    await submit(database.db, { a: {} });
    await claimAll(database.db, worker);
    await sweptJustNow();
    const identity = { id: worker, host: 'here', pid: 1 };
    expect((await renewWorkerLease(database.db, identity, 6)).wasAlive).toBe(true);
    expect(await handBackDeadClaims(database.db, 6)).toMatchObject({ returned: 0, dead: [] });
    await expire(worker);
    expect((await renewWorkerLease(database.db, identity, 6)).wasAlive).toBe(false);
    expect((await renewWorkerLease(database.db, identity, 6)).wasAlive).toBe(true);
  });

  test('are new at their first renewal', async () => {
    const identity = { id: '0190c2a5-0000-7000-8000-000000000001', host: 'here', pid: 1 };
    expect((await renewWorkerLease(database.db, identity, 6)).wasAlive).toBe(false);
  });
});
