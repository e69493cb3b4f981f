import { claimTasks, type Database } from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { ClaimLock, Doorbell, Round } from '@arcrun/queue';
import type { WorkerLease } from '../worker-lease.ts';
import type { HeldBack } from '../held-back.ts';
import type { StartCalls } from '../start-calls.ts';

/** When to go on with a new rule that could not be counted, since others were at work on what it looks at. */
const COUNT_AGAIN_MS = 50;

export interface StartOptions {
  readonly workerId: string;
  readonly batchSize: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  /** Null: workers may crowd the claim. */
  readonly lock: ClaimLock | null;
  readonly lease: WorkerLease;
  readonly starts: StartCalls;
  readonly heldBackTasks: HeldBack;
  /** After so long a probe of a receiver counts as lost. */
  readonly probeSecs: number;
  readonly metrics: Metrics;
}

/** One claim round: takes the first Pending tasks, as many as this worker can call at once, and begins their calls. */
export async function processStart(options: StartOptions): Promise<Round> {
  const { workerId, batchSize, database, doorbell, lock, lease, starts, heldBackTasks, probeSecs, metrics } =
    options;
  const limit = Math.min(batchSize, starts.calls.room);
  if (!lease.isAlive || limit <= 0) {
    // The bell is somebody else's, who can take more.
    doorbell.ring('start');
    return { isFull: true };
  }
  const beganMs = performance.now();
  const { term } = lease;
  const claim = () => {
    const { rooms, originRoom } = starts.calls.rooms();
    return claimTasks(database.db, workerId, { limit, originRoom, rooms, probeSecs });
  };
  const { claims, more, waits, heldBack, blocked } = lock === null ? await claim() : await lock.hold(claim);
  if (more) doorbell.ring('start');
  if (waits) doorbell.ringLater('start', COUNT_AGAIN_MS);
  heldBackTasks.afterRound({ heldBack, taken: claims.length });
  metrics.tasksBlockedByConcurrency.inc(blocked);
  if (claims.length > 0) {
    doorbell.changed();
    metrics.taskStatusTransitions.inc({ from_status: 'Pending', to_status: 'Claimed' }, claims.length);
    await starts.begin(claims, { beganMs, term });
  }
  metrics.tasksProcessedPerLoop.observe({ loop: 'start' }, claims.length);
  return { isFull: starts.calls.room <= 0, hasMore: more };
}
