import { type Database, leaseDeliveries } from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { Doorbell, Round } from '@arcrun/queue';
import type { Deliveries } from '../deliveries.ts';
import type { HeldBack } from '../held-back.ts';

const BATCH_SIZE = 50;

export interface WebhookOptions {
  readonly workerId: string;
  readonly leaseSecs: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly deliveries: Deliveries;
  readonly heldBackDeliveries: HeldBack;
  /** After so long a probe of a receiver counts as lost. */
  readonly probeSecs: number;
  readonly metrics: Metrics;
}

/** One delivery round: leases due notifications, as many as this worker can call at once, and begins their calls. */
export async function processWebhook(options: WebhookOptions): Promise<Round> {
  const { workerId, leaseSecs, database, doorbell, deliveries, heldBackDeliveries, probeSecs, metrics } =
    options;
  const limit = Math.min(BATCH_SIZE, deliveries.calls.room);
  if (limit <= 0) {
    doorbell.ring('webhook');
    return { isFull: true };
  }
  const beganMs = performance.now();
  const { rooms, originRoom } = deliveries.calls.rooms();
  const bounds = { limit, leaseSecs, originRoom, rooms, probeSecs };
  const { leased, more, heldBack } = await leaseDeliveries(database.db, workerId, bounds);
  if (more) doorbell.ring('webhook');
  heldBackDeliveries.afterRound({ heldBack, taken: leased.length });
  if (leased.length > 0) await deliveries.begin(leased, beganMs);
  metrics.tasksProcessedPerLoop.observe({ loop: 'delivery' }, leased.length);
  return { isFull: deliveries.calls.room <= 0, hasMore: more };
}
