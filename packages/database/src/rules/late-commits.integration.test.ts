import {
  aWorker,
  claimUpTo,
  findViolations,
  openTransaction,
  run,
  statusesOf,
  submit,
  succeed,
  type TaskSpec,
  untilBlocked,
  useTestDatabase,
} from '@arcrun/database/testing';
import type { Rule, TaskStatus } from '@arcrun/domain';
import { type RawBuilder, sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';

// A claim round is many statements, and others commit between them. What it claims must have been allowed at one
// moment all the same, with everything that had been committed until then.

const database = useTestDatabase();
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const atMost = (limit: number, status: TaskStatus, kind: string): Rule => ({
  type: 'Concurency',
  max_concurency: limit,
  matcher: { status, kind, fields: [] },
});

const limited = (...rules: Rule[]): TaskSpec => ({ kind: 'limited', rules });

/** One task that may start when none of its kind waits, in a batch in which one does. */
const withWaiting = (held: TaskSpec): Record<string, TaskSpec> => ({
  held,
  parent: { kind: 'other' },
  waiting: { kind: 'limited', needs: ['parent'] },
});
const whenNoneWaits = limited(atMost(1, 'Waiting', 'limited'));

/** Lets something be committed while a claim round stands at rows that somebody else holds. */
async function claimAround<T>(rows: RawBuilder<unknown>, commit: () => Promise<T>): Promise<T> {
  const holder = await openTransaction(database.db);
  await sql`${rows} for update`.execute(holder.trx);
  const claiming = claimUpTo(database.db, worker, 100);
  await untilBlocked(database.db, 'claim_tasks');
  const committed = await commit();
  await holder.commit();
  await claiming;
  return committed;
}

test('a batch that comes while the inboxes are taken in', async () => {
  const { ids } = await submit(database.db, { running: limited(atMost(5, 'Running', 'limited')) });
  await run(database.db, worker);
  await claimUpTo(database.db, worker, 1);
  // To take in that its place is free, the round needs the row of its key.
  await succeed(database.db, ids['running']);
  const { id } = await claimAround(sql`select from occupancy`, () =>
    submit(database.db, withWaiting(whenNoneWaits)),
  );
  await claimUpTo(database.db, worker, 100);
  expect(await statusesOf(database.db, id)).toMatchObject({ held: 'Pending', waiting: 'Waiting' });
  expect(await findViolations(database.db)).toEqual([]);
});

test('the first rule about a kind, in the middle of a round', async () => {
  await submit(database.db, { one: { kind: 'limited' }, two: { kind: 'limited' }, other: { kind: 'other' } });
  await run(database.db, worker);
  await submit(database.db, { first: { priority: 1 }, second: {} });
  // It has taken in both, so that the next round needs the row of their lane only for its new head.
  await claimUpTo(database.db, worker, 1);
  const { id } = await claimAround(sql`select from lane`, () =>
    submit(database.db, { held: limited(atMost(2, 'Running', 'limited')) }),
  );
  await claimUpTo(database.db, worker, 100);
  expect(await statusesOf(database.db, id)).toEqual({ held: 'Pending' });
  expect(await findViolations(database.db)).toEqual([]);
});

test('a task that comes into a lane just before the round walks over it', async () => {
  const one = limited(atMost(1, 'Running', 'limited'));
  const { ids } = await submit(database.db, { a: { ...one, priority: 1 }, b: { ...one, priority: 1 } });
  const first = await submit(database.db, { first: whenNoneWaits });
  // Now the lane of b is full, which the next round writes down before it walks.
  await claimUpTo(database.db, worker, 1);
  const lane = sql`select from lane where id = (select lane from task_state where id = ${ids['b']})`;
  const { id } = await claimAround(lane, () => submit(database.db, withWaiting(whenNoneWaits)));
  expect(await statusesOf(database.db, first.id)).toEqual({ first: 'Claimed' });
  await claimUpTo(database.db, worker, 100);
  expect(await statusesOf(database.db, id)).toMatchObject({ held: 'Pending', waiting: 'Waiting' });
  expect(await findViolations(database.db)).toEqual([]);
});
