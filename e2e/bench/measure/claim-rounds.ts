import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { BUSY, claimTasks, endTasks, renewWorkerLease } from '@arcrun/database';
import type { System } from '../system/start-system.ts';
import { clockMs } from './clock.ts';
import { median } from './distribution.ts';

const LEASE_SECS = 3600;

export interface ClaimRounds {
  readonly rounds: number;
  /** How many tasks each round claims. */
  readonly tasks: number;
  /** Creates that many allowed tasks. */
  readonly create: () => Promise<unknown>;
}

/**
 * How long a claim round takes, as the worker's one statement with its round trip: the median of many, which claim
 * the same number of tasks each. What they claim ends before the next. No worker may run meanwhile.
 *
 * @returns ms
 */
export async function measureClaimRound(
  { database: { db } }: System,
  { rounds, tasks, create }: ClaimRounds,
): Promise<number> {
  const workerId = randomUUID();
  await renewWorkerLease(db, { id: workerId, host: hostname(), pid: process.pid }, LEASE_SECS);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await create();
    const beganMs = clockMs();
    const { claims } = await claimTasks(db, workerId, { limit: tasks, originRoom: tasks });
    times.push(clockMs() - beganMs);
    if (claims.length !== tasks)
      throw new Error(`a round claimed ${claims.length} tasks instead of ${tasks}`);
    const ends = claims.map(({ id }) => ({ id, status: 'Success' as const }));
    const { results } = await endTasks(db, 'report', ends, { wait: false, cascadeLimit: 1 });
    if (results.some((result) => result === BUSY || result.outcome !== 'applied'))
      throw new Error('not all that was claimed could be ended');
  }
  return median(times);
}
