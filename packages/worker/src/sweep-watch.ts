import { setTimeout as delay } from 'node:timers/promises';
import { type Database, takeTurn } from '@arcrun/database';
import type { Logger } from '@arcrun/observability';
import { type Doorbell, scheduleSweeps } from '@arcrun/queue';

export interface SweepWatchOptions {
  readonly periodMs: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly logger: Logger;
  /** The round of the timeout queue. */
  readonly run: () => Promise<void>;
}

/**
 * Sees to it that sweeps run, whatever becomes of Redis: the schedule lives there and is gone when it is flushed.
 * Each worker looks on a jittered timer of its own; when nobody has swept for two periods, one sweeps by itself and
 * puts the schedule back.
 */
export class SweepWatch {
  readonly #options: SweepWatchOptions;
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: SweepWatchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#schedule();
    this.#loop = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  async #watch(): Promise<void> {
    const { periodMs, database, logger, run } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await delay(periodMs * (1 + Math.random()), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        // One worker gets the right to sweep; it goes to nobody while sweeps run on time.
        if (!(await takeTurn(database.db, 'sweep', 2 * periodMs))) continue;
        await run();
        await this.#schedule();
      } catch (error) {
        logger.debug('sweep failed', { error });
      }
    }
  }

  async #schedule(): Promise<void> {
    const { doorbell, periodMs, logger } = this.#options;
    await scheduleSweeps(doorbell, periodMs).catch((error: unknown) =>
      logger.debug('sweeps not scheduled', { error }),
    );
  }
}
