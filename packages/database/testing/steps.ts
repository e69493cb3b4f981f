import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  BUSY,
  type Claim,
  claimTasks,
  type Db,
  endTasks,
  type EndEffects,
  type EndEvent,
  type EndResult,
  handBackClaims,
  renewWorkerLease,
  startTasks,
  type TaskEnd,
} from '@arcrun/database';
import type { Kysely } from 'kysely';
import type { Schema } from '../src/schema.ts';
import { nextId } from './batches.ts';

/** A worker with a living lease. Returns its id. */
export async function aWorker(db: Kysely<Schema>, leaseSecs = 600): Promise<string> {
  const id = nextId();
  await renewWorkerLease(db, { id, host: hostname(), pid: process.pid }, leaseSecs);
  return id;
}

/** Claims up to `limit` tasks, bounded by nothing else. */
export async function claimUpTo(
  db: Kysely<Schema>,
  workerId: string,
  limit: number,
): Promise<readonly Claim[]> {
  const { claims } = await claimTasks(db, workerId, { limit, originRoom: limit });
  return claims;
}

/** Claims whatever is Pending, and gives back what is not among `ids` when they are given. */
export async function claimAll(
  db: Kysely<Schema>,
  workerId: string,
  ids?: readonly string[],
): Promise<readonly Claim[]> {
  const claims = await claimUpTo(db, workerId, 100_000);
  if (ids === undefined) return claims;
  const others = claims.filter((claim) => !ids.includes(claim.id));
  if (others.length > 0) await handBackClaims(db, workerId, others);
  return claims.filter((claim) => ids.includes(claim.id));
}

/** Claimed → Running for all of them. */
export async function start(
  db: Kysely<Schema>,
  claims: readonly Pick<Claim, 'id' | 'claim'>[],
): Promise<void> {
  if (claims.length === 0) return;
  const starts = claims.map(({ id, claim }) => ({ id, claim, cancelAction: null }));
  const { results } = await startTasks(db, starts, { wait: true });
  const other = results.find((result) => result === BUSY || result.outcome !== 'started');
  if (other !== undefined) throw new Error(`not all tasks started: ${JSON.stringify(other)}`);
}

/** Claims and starts the tasks with these ids, or all that are Pending. */
export async function run(
  db: Kysely<Schema>,
  workerId: string,
  ids?: readonly string[],
): Promise<readonly Claim[]> {
  const claims = await claimAll(db, workerId, ids);
  await start(db, claims);
  return claims;
}

/** Ends one task and waits for its rows. */
export async function end(
  db: Db,
  event: EndEvent,
  taskEnd: TaskEnd,
  cascadeLimit = 1000,
  deadEnds = true,
): Promise<{ result: EndResult; effects: EndEffects }> {
  const { results, effects } = await endTasks(db, event, [taskEnd], { wait: true, cascadeLimit, deadEnds });
  const result = results[0]!;
  if (result === BUSY) throw new Error('a call that waits was answered with BUSY');
  return { result, effects };
}

export const succeed = (db: Db, id: string) => end(db, 'report', { id, status: 'Success' });
export const fail = (db: Db, id: string, cascadeLimit?: number) =>
  end(db, 'report', { id, status: 'Failure', reason: 'broken' }, cascadeLimit);
export const cancel = (db: Db, id: string, cascadeLimit?: number) =>
  end(db, 'cancel', { id, status: 'Canceled' }, cascadeLimit);

/** A sample of the fleet at any time, whoever took the last. */
export const SAMPLE_NOW = { samplerId: randomUUID(), isPreferred: true, periodSecs: 0 };
