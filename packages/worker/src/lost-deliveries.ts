import { setTimeout as delay } from 'node:timers/promises';
import { classifyFailure, type Database, releaseLostDeliveries } from '@arcrun/database';
import type { Logger } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { OneAtATime } from './one-at-a-time.ts';

const PERIOD_MS = 2000;

export interface LostDeliveriesOptions {
  readonly workerId: string;
  /** After so long a lease runs out by itself. */
  readonly leaseSecs: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly logger: Logger;
  /** The notifications that this worker works on. */
  readonly busyIds: () => string[];
}

/**
 * Gives back notifications that this worker has leased without knowing it: the answer was lost on the way, and the
 * worker's own lease, which it renews, would keep them from all others for two minutes.
 */
export class LostDeliveries {
  readonly #options: LostDeliveriesOptions;
  /** Rounds, and looks for what they have left. */
  readonly #alone = new OneAtATime();
  #lookUntilMs = -Infinity;
  #isLooking = false;

  constructor(options: LostDeliveriesOptions) {
    this.#options = options;
  }

  /**
   * Runs a delivery round. When its connection breaks, nobody knows what it has leased, or will yet: a network may
   * bring the statement late.
   */
  async around<T>(round: () => Promise<T>): Promise<T> {
    try {
      return await this.#alone.run(round);
    } catch (error) {
      if (classifyFailure(error) === 'unavailable') {
        this.#lookUntilMs = performance.now() + this.#options.leaseSecs * 1000;
        if (!this.#isLooking) void this.#look();
      }
      throw error;
    }
  }

  /** Gives back whatever this worker has still leased; its calls are over. */
  async stop(): Promise<void> {
    this.#lookUntilMs = -Infinity;
    await this.#release([]);
  }

  async #look(): Promise<void> {
    const { logger, busyIds } = this.#options;
    this.#isLooking = true;
    while (performance.now() < this.#lookUntilMs) {
      await delay(PERIOD_MS, undefined, { ref: false });
      try {
        // No round is under way meanwhile, so every lease of this worker is either known to it or lost.
        await this.#alone.run(() => this.#release(busyIds()));
      } catch (error) {
        logger.debug('lost deliveries not looked for', { error });
      }
    }
    this.#isLooking = false;
  }

  async #release(busy: readonly string[]): Promise<void> {
    const { workerId, database, doorbell } = this.#options;
    if ((await releaseLostDeliveries(database.db, workerId, busy)) > 0) doorbell.ring('webhook');
  }
}
