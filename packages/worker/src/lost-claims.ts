import { setTimeout as delay } from 'node:timers/promises';
import { classifyFailure, type Database, handBackLostClaims } from '@arcrun/database';
import { countHandBacks, type Logger, type Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { OneAtATime } from './one-at-a-time.ts';

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
 * Hands back claims of this worker that it does not know of: their claiming committed, but the answer was lost on
 * the way. Its lease would keep them for ever.
 */
export class LostClaims {
  readonly #options: LostClaimsOptions;
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;
  /** Rounds, and looks for what they have left. */
  readonly #alone = new OneAtATime();
  #isSuspected = false;
  /** So long after its last round and its last call, no claim can be lost that has not been found. */
  #lookUntilMs = -Infinity;

  constructor(options: LostClaimsOptions) {
    this.#options = options;
  }

  /**
   * Runs a claim round. When its connection breaks, nobody knows what it has claimed: then this worker's unknown
   * claims are looked for soon, not only when they have become old.
   */
  async around<T>(round: () => Promise<T>): Promise<T> {
    try {
      return await this.#alone.run(round);
    } catch (error) {
      if (classifyFailure(error) === 'unavailable') this.#isSuspected = true;
      throw error;
    } finally {
      this.#keepLooking();
    }
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
      if (busyIds().length > 0) this.#keepLooking();
      if (performance.now() > this.#lookUntilMs) continue;
      try {
        await this.#handBackUnknown(this.#isSuspected ? 0 : claimTimeoutSecs);
      } catch (error) {
        this.#keepLooking();
        logger.debug('lost claims not looked for', { error });
      }
    }
  }

  #keepLooking(): void {
    this.#lookUntilMs = performance.now() + this.#options.claimTimeoutSecs * 1000 + 3 * PERIOD_MS;
  }

  /** No round is under way meanwhile, so every claim of this worker is either known to it or lost. */
  async #handBackUnknown(ageSecs: number): Promise<void> {
    await this.#alone.run(() => this.#handBack(ageSecs, this.#options.busyIds()));
    if (ageSecs === 0) this.#isSuspected = false;
  }

  async #handBack(ageSecs: number, busy: readonly string[]): Promise<void> {
    const { database, workerId, metrics, doorbell } = this.#options;
    const { returned, notified } = await handBackLostClaims(database.db, workerId, busy, ageSecs);
    if (notified > 0) doorbell.ring('webhook');
    if (returned === 0) return;
    const reason = this.#stopped.signal.aborted ? 'stop' : 'lost';
    countHandBacks(metrics, reason, returned);
    doorbell.ring('start');
  }
}
