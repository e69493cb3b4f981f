import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { BUSY, claimTasks, type Database, endTasks, renewWorkerLease, vacuumQueues } from '@arcrun/database';
import type { System } from '../system/start-system.ts';
import { clockMs } from './clock.ts';
import { readThreadCpuMs } from './cpu-time.ts';
import { median, percentile } from './distribution.ts';

const LEASE_SECS = 3600;
const LOWER_QUARTILE = 0.25;

export interface ClaimRounds {
  readonly rounds: number;
  /** How many tasks each round claims. */
  readonly tasks: number;
  /** Creates that many allowed tasks. */
  readonly create: () => Promise<unknown>;
}

/** Of many rounds, in ms. */
export interface ClaimRoundCost {
  /** The worker's one statement with its round trip; the median. */
  readonly timeMs: number;
  /**
   * What Postgres did for it; the lower quartile, since the same work takes a core up to twice as much while others
   * keep what it shares with its neighbour busy.
   */
  readonly cpuMs: number;
}

/**
 * What a claim round costs. All rounds claim the same number of tasks, and what they claim ends before the next. Each
 * could take more, so that it has to find out that the rest is blocked. No worker may run meanwhile.
 */
export function measureClaimRounds(system: System, rounds: ClaimRounds): Promise<ClaimRoundCost> {
  const { db } = system.database;
  return db.connection().execute((connection) => measureOn(connection, db, rounds));
}

async function measureOn(
  connection: Parameters<typeof claimTasks>[0],
  db: Database['db'],
  { rounds, tasks, create }: ClaimRounds,
): Promise<ClaimRoundCost> {
  const workerId = randomUUID();
  await renewWorkerLease(connection, { id: workerId, host: hostname(), pid: process.pid }, LEASE_SECS);
  const { pid } = await connection
    .selectNoFrom((of) => of.fn<number>('pg_backend_pid').as('pid'))
    .executeTakeFirstOrThrow();
  // As the sweep of a worker does every few seconds: dead rows of what went before would be read again and again.
  await vacuumQueues(db);
  const limit = 2 * tasks;
  const costs: ClaimRoundCost[] = [];
  for (let round = 0; round < rounds; round++) {
    await create();
    const before = { timeMs: clockMs(), cpuMs: readThreadCpuMs(pid) };
    const { claims } = await claimTasks(connection, workerId, { limit, originRoom: limit });
    costs.push({ timeMs: clockMs() - before.timeMs, cpuMs: readThreadCpuMs(pid) - before.cpuMs });
    if (claims.length !== tasks)
      throw new Error(`a round claimed ${claims.length} tasks instead of ${tasks}`);
    const ends = claims.map(({ id }) => ({ id, status: 'Success' as const }));
    const { results } = await endTasks(db, 'report', ends, { wait: false, cascadeLimit: 1 });
    if (results.some((result) => result === BUSY || result.outcome !== 'applied'))
      throw new Error('not all that was claimed could be ended');
  }
  return {
    timeMs: median(costs.map(({ timeMs }) => timeMs)),
    cpuMs: percentile(
      costs.map(({ cpuMs }) => cpuMs),
      LOWER_QUARTILE,
    ),
  };
}
