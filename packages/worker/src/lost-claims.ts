import { setTimeout as delay } from 'node:timers/promises';
import { type Database, handBackLostClaims } from '@arcrun/database';
import type { Logger, Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';

const PERIOD_MS = 2000;

export interface LostClaimsOptions {
  readonly workerId: string;
  readonly claimTimeoutSecs: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** What this worker works on. */
  readonly busyIds: () => string[];
}

/**
 * Hands back old claims of this worker that it does not know of: their claiming committed, but the answer was lost
 * on the way. Its lease would keep them for ever.
 */
export class LostClaims {
  readonly #options: LostClaimsOptions;
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: LostClaimsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#watch();
  }

  /** Stops watching, and hands back whatever this worker still holds. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    await this.#handBack(0, []);
  }

  async #watch(): Promise<void> {
    const { claimTimeoutSecs, busyIds, logger } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await delay(PERIOD_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#handBack(claimTimeoutSecs, busyIds()).catch((error: unknown) =>
        logger.debug('lost claims not looked for', { error }),
      );
    }
  }

  async #handBack(ageSecs: number, busy: readonly string[]): Promise<void> {
    const { database, workerId, metrics, doorbell } = this.#options;
    const returned = await handBackLostClaims(database.db, workerId, busy, ageSecs);
    if (returned === 0) return;
    metrics.claimsHandedBack.inc({ reason: ageSecs === 0 ? 'stop' : 'lost' }, returned);
    metrics.taskStatusTransitions.inc({ from_status: 'Claimed', to_status: 'Pending' }, returned);
    doorbell.ring('start');
  }
}
