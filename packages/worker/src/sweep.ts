import { setTimeout as delay } from 'node:timers/promises';
import {
  type Database,
  findOldestDue,
  forgetIdempotencyKeys,
  handBackDeadClaims,
  mendPlaces,
  type OldestDue,
  takeTurn,
  vacuumQueues,
} from '@arcrun/database';
import { countHandBacks, type Logger, type Metrics } from '@arcrun/observability';
import type { Doorbell, QueueName } from '@arcrun/queue';

/** Between two looks: long enough for a bell that is being rung just now to arrive. */
const SECOND_LOOK_MS = 300;

/** Between two comparisons of places with the tasks. */
const MEND_PERIOD_SECS = 10;

/** When so many sweeps are missing, Postgres was away. */
const PERIODS_OF_OUTAGE = 3;

const KEYS_FORGOTTEN_AT_ONCE = 1000;

const VACUUM_PERIOD_MS = 5000;

export interface SweepOptions {
  readonly leaseSecs: number;
  /** Between two sweeps. */
  readonly periodMs: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * The safety net: hands back what dead workers hold, mends places that have drifted, and rings for work that no job is
 * queued for. It also keeps house: forgets old idempotency keys, and vacuums the tables that work as queues.
 */
export class Sweep {
  readonly #options: SweepOptions;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** @throws what went wrong, when the rest has been done */
  async run(): Promise<void> {
    const { database } = this.#options;
    const failures: unknown[] = [];
    for (const step of [
      () => this.#handBackDeadClaims(),
      () => this.#mendPlaces(),
      () => forgetIdempotencyKeys(database.db, KEYS_FORGOTTEN_AT_ONCE),
      () => this.#ringLostBells(),
      () => this.#vacuum(),
    ])
      await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  async #vacuum(): Promise<void> {
    const { database } = this.#options;
    if (await takeTurn(database.db, 'vacuum', VACUUM_PERIOD_MS)) await vacuumQueues(database.db);
  }

  async #handBackDeadClaims(): Promise<void> {
    const { database, leaseSecs, periodMs, doorbell, metrics, logger } = this.#options;
    const { returned, notified, dead } = await handBackDeadClaims(
      database.db,
      leaseSecs,
      Math.max(leaseSecs, (PERIODS_OF_OUTAGE * periodMs) / 1000),
    );
    if (dead.length > 0)
      logger.warn('lease ran out, claims handed back', { worker_ids: dead, claims: returned });
    if (returned > 0) {
      countHandBacks(metrics, 'lease', returned);
      doorbell.ring('start');
    }
    if (dead.length > 0 || notified > 0) doorbell.ring('webhook');
  }

  async #mendPlaces(): Promise<void> {
    const { database, doorbell, metrics, logger } = this.#options;
    const mended = await mendPlaces(database.db, MEND_PERIOD_SECS);
    for (const [what, count] of Object.entries(mended)) {
      if (count === 0) continue;
      metrics.placesMended.inc({ what }, count);
      logger.warn('places did not agree with the tasks', { what, count });
      doorbell.ring('start');
    }
  }

  /**
   * Work is missed when it is the same oldest piece in two looks, and its queue had no job in either. What was
   * committed a moment ago has its bell on the way; that is not missed.
   */
  async #ringLostBells(): Promise<void> {
    const first = await this.#missed();
    if (first.size === 0) return;
    await delay(SECOND_LOOK_MS);
    const { doorbell, metrics, logger } = this.#options;
    for (const [queue, id] of await this.#missed()) {
      if (first.get(queue) !== id) continue;
      metrics.lostDoorbells.inc({ queue });
      logger.warn('work without a job found by the sweep', { queue, oldest: id });
      doorbell.ring(queue);
    }
  }

  async #missed(): Promise<Map<QueueName, string>> {
    const { database, doorbell } = this.#options;
    const due: OldestDue = await findOldestDue(database.db);
    const missed = new Map<QueueName, string>();
    for (const [queue, id] of [
      ['start', due.start],
      ['propagation', due.propagation],
      ['webhook', due.webhook],
    ] as const) {
      if (id !== null && (await doorbell.isSilent(queue))) missed.set(queue, id);
    }
    return missed;
  }
}
