import type { Bell, DueBell } from '@arcrun/contracts';
import { beginSweep, classifyFailure, type Database, findOverdue, timeOutTasks } from '@arcrun/database';
import { countEnd, countRetry, type Logger, type Metrics } from '@arcrun/observability';
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
  readonly logger: Logger;
  readonly sweep: Sweep;
  /** Aborted when the worker stops: the next sweep goes on. */
  readonly stopping: AbortSignal;
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
    await timeOutAll(options);
  } finally {
    // Whatever is wrong with what times out, the net is spread.
    await sweep.run();
  }
}

/** Many in a transaction; when one of them cannot be ended, the others are all the same. */
async function timeOutAll(options: TimeoutOptions): Promise<void> {
  const { batchSize, database, stopping, logger } = options;
  try {
    while (!stopping.aborted && (await timeOutSome(options)));
  } catch (error) {
    if (classifyFailure(error) !== 'query') throw error;
    for (const id of await findOverdue(database.db, batchSize)) {
      if (stopping.aborted) return;
      await timeOutSome(options, id).catch((cause: unknown) =>
        logger.error('task not timed out', { task_id: id, error: cause }),
      );
    }
  }
}

/**
 * @param only this task alone
 * @returns whether there may be more
 */
async function timeOutSome(options: TimeoutOptions, only?: string): Promise<boolean> {
  const { batchSize, cascadeLimit, deadEnds, database, doorbell, metrics, traces } = options;
  const { lookedAt, ended, retried, ...effects } = await timeOutTasks(database.db, {
    limit: batchSize,
    cascadeLimit,
    deadEnds,
    ...(only !== undefined && { only }),
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
