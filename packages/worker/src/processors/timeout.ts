import type { Bell, DueBell } from '@arcrun/contracts';
import { beginSweep, type Database, timeOutTasks } from '@arcrun/database';
import { countEnd, countRetry, type Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { announceEffects } from '../effects.ts';
import type { Sweep } from '../sweep.ts';
import type { TaskTraces } from '../task-traces.ts';

/** Between two whole sweeps while nothing is open. */
const REST_PERIOD_SECS = 10;

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

/**
 * Rings a bell that has fallen due; or looks for what time has brought: fails what has timed out, then sweeps. While
 * nothing is open it does so less often.
 */
export async function processTimeout(options: TimeoutOptions, bell: Bell | DueBell): Promise<void> {
  const { database, doorbell, sweep } = options;
  if ('ring' in bell) return doorbell.ring(bell.ring);
  if (!(await beginSweep(database.db, REST_PERIOD_SECS))) return;
  try {
    while (await timeOutSome(options));
  } finally {
    // Whatever is wrong with what times out, the net is spread.
    await sweep.run();
  }
}

/** Resolves to whether there may be more. */
async function timeOutSome(options: TimeoutOptions): Promise<boolean> {
  const { batchSize, cascadeLimit, deadEnds, database, doorbell, metrics, traces } = options;
  const { lookedAt, ended, retried, ...effects } = await timeOutTasks(database.db, {
    limit: batchSize,
    cascadeLimit,
    deadEnds,
  });
  announceEffects(effects, doorbell, metrics);
  if (ended.length + retried.length > 0) doorbell.changed();
  for (const { kind } of retried) countRetry(metrics, { was: 'Running', kind }, 'timeout');
  metrics.tasksTimedOut.inc(ended.length);
  for (const { kind, seconds } of ended)
    countEnd(metrics, { was: 'Running', status: 'Failure', kind, seconds });
  metrics.tasksProcessedPerLoop.observe({ loop: 'timeout' }, ended.length);
  if (traces !== undefined && ended.length > 0) await traces.ended(ended.map(({ id }) => id));
  return lookedAt >= batchSize;
}
