import { type Database, propagateEnds } from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { announceEffects } from '../effects.ts';

export interface PropagationOptions {
  readonly batchSize: number;
  readonly deadEnds: boolean;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  /** Aborted when the worker stops: the next one goes on. */
  readonly stopping: AbortSignal;
}

/** Takes cascades and climbs that were too long for their requests to their end, a bounded step at a time. */
export async function processPropagation(options: PropagationOptions): Promise<void> {
  const { batchSize, deadEnds, database, doorbell, metrics, stopping } = options;
  for (;;) {
    if (stopping.aborted) return doorbell.ring('propagation');
    const effects = await propagateEnds(database.db, { limit: batchSize, deadEnds });
    if (effects === null) return;
    doorbell.changed();
    announceEffects(effects, doorbell, metrics);
    metrics.tasksProcessedPerLoop.observe({ loop: 'propagation' }, effects.failed + effects.canceled);
  }
}
