import { type Database, timeOutTasks } from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { announceEffects } from '../effects.ts';
import type { Sweep } from '../sweep.ts';
import type { TaskTraces } from '../task-traces.ts';

export interface TimeoutOptions {
  readonly batchSize: number;
  readonly cascadeLimit: number;
  readonly deadEnds: boolean;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  readonly sweep: Sweep;
  /** Undefined while tracing is off. */
  readonly traces?: TaskTraces | undefined;
}

/** Fails what has timed out, then sweeps: stale claims, and work whose bell was lost. */
export async function processTimeout(options: TimeoutOptions): Promise<void> {
  const { batchSize, cascadeLimit, deadEnds, database, doorbell, metrics, sweep, traces } = options;
  for (;;) {
    const { lookedAt, ended, retried, ...effects } = await timeOutTasks(database.db, {
      limit: batchSize,
      cascadeLimit,
      deadEnds,
    });
    announceEffects(effects, doorbell, metrics);
    if (ended.length + retried.length > 0) doorbell.changed();
    for (const { kind } of retried) {
      metrics.taskRetries.inc({ kind: metrics.kindLabel(kind), cause: 'timeout' });
      metrics.taskStatusTransitions.inc({ from_status: 'Running', to_status: 'Pending' });
    }
    metrics.tasksTimedOut.inc(ended.length);
    for (const { kind, seconds } of ended) {
      const labels = { kind: metrics.kindLabel(kind), outcome: 'failure' };
      metrics.tasksCompleted.inc(labels);
      metrics.taskDuration.observe(labels, seconds);
      metrics.taskStatusTransitions.inc({ from_status: 'Running', to_status: 'Failure' });
      metrics.dependencyPropagations.inc({ parent_outcome: 'failure' });
    }
    metrics.tasksProcessedPerLoop.observe({ loop: 'timeout' }, ended.length);
    if (traces !== undefined && ended.length > 0) await traces.ended(ended.map(({ id }) => id));
    if (lookedAt < batchSize) break;
  }
  await sweep.run();
}
