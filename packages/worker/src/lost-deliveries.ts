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

  async #look(): Promise<void> {
    const { workerId, database, doorbell, logger, busyIds } = this.#options;
    this.#isLooking = true;
    while (performance.now() < this.#lookUntilMs) {
      await delay(PERIOD_MS, undefined, { ref: false });
      try {
        // No round is under way meanwhile, so every lease of this worker is either known to it or lost.
        const released = await this.#alone.run(() => releaseLostDeliveries(database.db, workerId, busyIds()));
        if (released > 0) doorbell.ring('webhook');
      } catch (error) {
        logger.debug('lost deliveries not looked for', { error });
      }
    }
    this.#isLooking = false;
  }
}
