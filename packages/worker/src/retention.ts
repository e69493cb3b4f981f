import { setTimeout as delay } from 'node:timers/promises';
import { archiveBatches, type Database, forgetUnused, purgeArchive, takeTurn } from '@arcrun/database';
import type { Logger, Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';

/** How often a worker looks whether it is time, at the most. */
const LOOK_MAX_MS = 60_000;

const DAY_SECS = 86_400;

/** Deleting an action is so much less work than moving a task. */
const UNUSED_PER_TASK = 10;

export interface RetentionOptions {
  readonly days: number;
  /** 0: for ever. */
  readonly archiveDays: number;
  readonly periodSecs: number;
  /** Tasks that one transaction moves, at most; a batch that has more is moved whole all the same. */
  readonly batchSize: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * Moves what finished long ago to the archive, and deletes what has been there for long and what nothing refers to any
 * more: one worker each period.
 */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  async #watch(): Promise<void> {
    const { periodSecs, database, logger } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        if (await takeTurn(database.db, 'retention', periodSecs * 1000)) await this.#run();
      } catch (error) {
        logger.warn('retention failed, and is tried again', { error });
      }
      const lookMs = Math.min(LOOK_MAX_MS, periodSecs * 1000) * (0.5 + Math.random() / 2);
      await delay(lookMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #run(): Promise<void> {
    const { days, archiveDays, batchSize: limit, database, doorbell, metrics, logger } = this.#options;
    const ageSecs = days * DAY_SECS;
    const archived = await this.#untilDone(async () => {
      const { batches, tasks } = await archiveBatches(database.db, { ageSecs, limit });
      metrics.tasksArchived.inc(tasks);
      // They count under no rule any more.
      if (batches > 0) doorbell.ring('start');
      return batches;
    });
    // Each look at what old tasks need costs more than deleting does.
    const atOnce = limit * UNUSED_PER_TASK;
    const forgotten = await this.#untilDone(() => forgetUnused(database.db, { ageSecs, limit: atOnce }));
    const purged =
      archiveDays === 0
        ? 0
        : await this.#untilDone(() => purgeArchive(database.db, { ageSecs: archiveDays * DAY_SECS, limit }));
    if (archived + forgotten + purged > 0)
      logger.info('retention ran', {
        batches_archived: archived,
        batches_purged: purged,
        unused_deleted: forgotten,
      });
  }

  /** Repeats a step until it has found nothing more. Returns the sum. */
  async #untilDone(step: () => Promise<number>): Promise<number> {
    let sum = 0;
    while (!this.#stopped.signal.aborted) {
      const done = await step();
      if (done === 0) break;
      sum += done;
    }
    return sum;
  }
}
