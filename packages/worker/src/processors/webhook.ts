import { type Database, leaseDeliveries } from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { Doorbell, Round } from '@arcrun/queue';
import type { Deliveries } from '../deliveries.ts';

const BATCH_SIZE = 50;

export interface WebhookOptions {
  readonly workerId: string;
  readonly leaseSecs: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly deliveries: Deliveries;
  readonly metrics: Metrics;
}

/** One delivery round: leases due notifications, as many as this worker can call at once, and begins their calls. */
export async function processWebhook(options: WebhookOptions): Promise<Round> {
  const { workerId, leaseSecs, database, doorbell, deliveries, metrics } = options;
  const limit = Math.min(BATCH_SIZE, deliveries.calls.room);
  if (limit <= 0) {
    doorbell.ring('webhook');
    return { isFull: true };
  }
  const leased = await leaseDeliveries(database.db, workerId, { limit, leaseSecs });
  if (leased.length === limit) doorbell.ring('webhook');
  if (leased.length > 0) await deliveries.begin(leased);
  metrics.tasksProcessedPerLoop.observe({ loop: 'delivery' }, leased.length);
  return { isFull: deliveries.calls.room <= 0 };
}
