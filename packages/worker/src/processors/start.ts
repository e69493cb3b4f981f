import { claimTasks, type Database } from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { ClaimLock, Doorbell, Round } from '@arcrun/queue';
import type { WorkerLease } from '../leases/worker-lease.ts';
import type { StartCalls } from '../start-calls.ts';

export interface StartOptions {
  readonly workerId: string;
  readonly batchSize: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly lock: ClaimLock;
  readonly lease: WorkerLease;
  readonly starts: StartCalls;
  readonly metrics: Metrics;
}

/** One claim round: takes the first Pending tasks, as many as this worker can call at once, and begins their calls. */
export async function processStart(options: StartOptions): Promise<Round> {
  const { workerId, batchSize, database, doorbell, lock, lease, starts, metrics } = options;
  const limit = Math.min(batchSize, starts.calls.room);
  if (!lease.isAlive || limit <= 0) {
    // The bell is somebody else's, who can take more.
    doorbell.ring('start');
    return { isFull: true };
  }
  const { claims, more, blocked } = await lock.hold(() =>
    claimTasks(database.db, workerId, { limit, originRoom: limit }),
  );
  if (more) doorbell.ring('start');
  metrics.tasksBlockedByConcurrency.inc(blocked);
  if (claims.length > 0) {
    metrics.taskStatusTransitions.inc({ from_status: 'Pending', to_status: 'Claimed' }, claims.length);
    await starts.begin(claims);
  }
  metrics.tasksProcessedPerLoop.observe({ loop: 'start' }, claims.length);
  return { isFull: starts.calls.room <= 0 };
}
