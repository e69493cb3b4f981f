import { setTimeout as delay } from 'node:timers/promises';
import {
  type Database,
  deleteWorkerLease,
  renewWorkerLease,
  type WorkerIdentity,
  type WorkerLoad,
} from '@arcrun/database';
import type { Logger } from '@arcrun/observability';

/** At the most; a short lease is renewed three times in its length. */
const RENEW_PERIOD_MS = 2000;
const RETRY_PERIOD_MS = 250;

export interface WorkerLeaseOptions {
  readonly worker: WorkerIdentity;
  readonly leaseSecs: number;
  /** Of its own, so that a busy pool never delays a renewal. */
  readonly database: Database;
  readonly logger: Logger;
  /** What it has no room for. */
  readonly load: () => WorkerLoad;
  /** Called each time the lease is there again. */
  readonly onAlive: () => void;
}

/**
 * What makes a worker's claims its own. It is renewed while the worker lives; when it has run out, others take the
 * claims. Whether it is alive is judged by this process' monotonic clock, from before each renewal was sent, so
 * this worker gives up earlier than others may take over.
 */
export class WorkerLease {
  readonly #options: WorkerLeaseOptions;
  readonly #stopped = new AbortController();
  #aliveUntilMs = -Infinity;
  /** What the database's clock says when this process' monotonic clock is at 0. */
  #databaseOriginMs = Date.now() - performance.now();
  #term = 0;
  #loop: Promise<void> | undefined;

  constructor(options: WorkerLeaseOptions) {
    this.#options = options;
  }

  /** Grows each time the lease was lost: what was claimed in an earlier term may be somebody else's now. */
  get term(): number {
    return this.#term;
  }

  get isAlive(): boolean {
    return performance.now() < this.#aliveUntilMs;
  }

  /** The time of the database, to a network delay: all processes agree on it, however wrong their own clocks are. */
  databaseTimeMs(): number {
    return this.#databaseOriginMs + performance.now();
  }

  /** Begins to renew; resolves after the first try, whatever came of it. */
  async start(): Promise<void> {
    await this.#renew();
    this.#loop = this.#keepRenewing();
  }

  /** Gives the lease up. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    this.#aliveUntilMs = -Infinity;
    await deleteWorkerLease(this.#options.database.db, this.#options.worker.id);
  }

  async #keepRenewing(): Promise<void> {
    const { signal } = this.#stopped;
    const periodMs = Math.min(RENEW_PERIOD_MS, (this.#options.leaseSecs * 1000) / 3);
    let renewed = true;
    while (!signal.aborted) {
      await delay(renewed ? periodMs : RETRY_PERIOD_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) renewed = await this.#renew();
    }
  }

  async #renew(): Promise<boolean> {
    const { database, worker, leaseSecs, load, logger, onAlive } = this.#options;
    const sentMs = performance.now();
    const wasAlive = this.isAlive;
    try {
      const answer = await renewWorkerLease(database.db, worker, leaseSecs, load());
      // It may have run out while the renewal was on its way, here or there: then others may have taken the claims.
      const isAnew = !this.isAlive || !answer.wasAlive;
      this.#aliveUntilMs = sentMs + leaseSecs * 1000;
      this.#databaseOriginMs = answer.nowMs - performance.now();
      if (isAnew) {
        this.#term++;
        onAlive();
      }
      return true;
    } catch (error) {
      if (!this.isAlive && wasAlive) logger.warn('lease lost', { worker_id: worker.id });
      logger.debug('lease not renewed', { error });
      return false;
    }
  }
}
