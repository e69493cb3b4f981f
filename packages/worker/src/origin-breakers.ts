import { closeBreaker, type Database, openBreaker, putOffProbe } from '@arcrun/database';
import { TRIGGER_HEADERS } from '@arcrun/domain';
import { countExhausted, type Logger, type Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';

/** Origins whose last calls are remembered. */
const ORIGINS_MAX = 1000;

interface OriginHistory {
  /** Calls in a row, by their end, that got no answer. */
  unanswered: number;
  /** When this worker opened its breaker last, or found it open. */
  openedAtMs: number;
}

export interface OriginBreakersOptions {
  readonly failureThreshold: number;
  readonly recoverySecs: number;
  /** Of a notification. */
  readonly maxAgeSecs: number;
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * Counts the calls in a row to each receiving origin that got no HTTP answer. So many open its breaker, for all
 * workers; the first answer closes it. That it is open stands in Postgres, where claims and deliveries see it; this
 * worker remembers only what it did about it.
 */
export class OriginBreakers {
  readonly #options: OriginBreakersOptions;
  readonly #origins = new Map<string, OriginHistory>();

  constructor(options: OriginBreakersOptions) {
    this.#options = options;
  }

  /** Whether its breaker was opened here after that moment: what was taken before it is not to be called. */
  openedSince(origin: string, momentMs: number): boolean {
    return (this.#origins.get(origin)?.openedAtMs ?? -Infinity) > momentMs;
  }

  /** The origin answered, be it with an error. */
  async answered(origin: string, isProbe: boolean): Promise<void> {
    const history = this.#origins.get(origin);
    if (history !== undefined) history.unanswered = 0;
    if (!isProbe && (history === undefined || history.openedAtMs === -Infinity)) return;
    const { doorbell, metrics, logger } = this.#options;
    if (history !== undefined) history.openedAtMs = -Infinity;
    if (!(await this.#write((db) => closeBreaker(db, origin)))) return;
    metrics.originBreakerTransitions.inc({ to_state: 'closed' });
    logger.info('receiver answers again', { origin });
    doorbell.ring('start');
    doorbell.ring('webhook');
  }

  /** The call, which began at that moment, got no HTTP answer: refused, reset, no address, timed out. */
  async unanswered(
    origin: string,
    { isProbe, beganMs }: { readonly isProbe: boolean; readonly beganMs: number },
  ): Promise<void> {
    const { failureThreshold, recoverySecs, metrics, logger } = this.#options;
    const history = this.#remember(origin);
    history.unanswered++;
    if (isProbe) return this.notProbed(origin);
    // Calls that were open when it opened end one by one; they need not open it again.
    if (history.unanswered < failureThreshold || beganMs < history.openedAtMs) return;
    const opened = await this.#write((db) => openBreaker(db, origin, recoverySecs));
    if (opened === null) return;
    history.openedAtMs = performance.now();
    if (!opened) return;
    metrics.originBreakerTransitions.inc({ to_state: 'open' });
    logger.warn('receiver does not answer, its calls wait', { origin, calls_in_a_row: history.unanswered });
    this.#ringForProbe();
  }

  /** A probe told nothing: it got no answer, or was not made. The next one comes after the time of recovery. */
  async notProbed(origin: string): Promise<void> {
    const { recoverySecs, maxAgeSecs, metrics } = this.#options;
    const givenUp = await this.#write((db) => putOffProbe(db, origin, { recoverySecs, maxAgeSecs }));
    for (const { trigger, exhausted } of givenUp ?? [])
      countExhausted(metrics, TRIGGER_HEADERS[trigger], exhausted);
    this.#ringForProbe();
  }

  /** Null when it failed: the next calls make up for it, and this one has an outcome that is to be recorded. */
  async #write<T>(write: (db: Database['db']) => Promise<T>): Promise<T | null> {
    const { database, logger } = this.#options;
    try {
      return await write(database.db);
    } catch (error) {
      logger.warn('breaker of a receiver not written', { error });
      return null;
    }
  }

  #ringForProbe(): void {
    const { doorbell, recoverySecs } = this.#options;
    for (const queue of ['start', 'webhook'] as const) doorbell.ringLater(queue, recoverySecs * 1000);
  }

  #remember(origin: string): OriginHistory {
    const history = this.#origins.get(origin) ?? { unanswered: 0, openedAtMs: -Infinity };
    this.#origins.delete(origin);
    this.#origins.set(origin, history);
    const [oldest] = this.#origins.keys();
    if (this.#origins.size > ORIGINS_MAX && oldest !== undefined) this.#origins.delete(oldest);
    return history;
  }
}
