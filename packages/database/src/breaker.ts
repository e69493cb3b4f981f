import CircuitBreaker from 'opossum';

export type BreakerState = 'closed' | 'half_open' | 'open';

export interface BreakerSettings {
  /** Failures in a row, within the window, that open it. */
  readonly failureThreshold: number;
  readonly failureWindowSecs: number;
  /** How long it stays open before calls try the database again. */
  readonly recoveryTimeoutSecs: number;
  /** Answers in a row that close it. */
  readonly successThreshold: number;
  readonly onChange: (state: BreakerState) => void;
  readonly onRejection: () => void;
}

/** Thrown in place of a call to the database while the breaker is open. */
export class BreakerOpenError extends Error {
  readonly code = 'EOPENBREAKER';
  readonly retryAfterSecs: number;

  constructor(retryAfterSecs: number) {
    super('the database has not answered for a while and is not asked just now');
    this.retryAfterSecs = retryAfterSecs;
  }
}

const PROBE_PERIOD_MS = 1000;

/**
 * Keeps calls from waiting for a database that is gone. The state machine and its timer are opossum's; what moves it
 * is our own count, since the contract speaks of failures in a row and opossum of percentages.
 *
 * While it is not closed, the database is asked by a probe every second, and answers in a row close it: an API that
 * is back should not refuse calls for the rest of the recovery time. After that time calls try by themselves, a few
 * a second.
 */
export class DatabaseBreaker {
  readonly #settings: BreakerSettings;
  readonly #circuit: CircuitBreaker;
  /** Times of the last failures in a row, the oldest first. */
  #failedAtMs: number[] = [];
  #successes = 0;
  #openedAtMs = 0;
  #trials = { sinceMs: 0, count: 0 };
  #probing: NodeJS.Timeout | undefined;

  constructor(settings: BreakerSettings) {
    this.#settings = settings;
    this.#circuit = new CircuitBreaker(() => Promise.resolve(), {
      resetTimeout: settings.recoveryTimeoutSecs * 1000,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    });
    this.#circuit.on('open', () => settings.onChange('open'));
    this.#circuit.on('halfOpen', () => settings.onChange('half_open'));
    this.#circuit.on('close', () => settings.onChange('closed'));
  }

  /** @throws BreakerOpenError when the database is not to be asked */
  admit(): void {
    if (this.#circuit.closed || (this.#circuit.halfOpen && this.#mayTry())) return;
    this.#settings.onRejection();
    const openForSecs = (performance.now() - this.#openedAtMs) / 1000;
    throw new BreakerOpenError(Math.max(1, Math.ceil(this.#settings.recoveryTimeoutSecs - openForSecs)));
  }

  /** The database answered, be it with an error about the query. */
  succeeded(): void {
    this.#failedAtMs = [];
    if (this.#circuit.closed) return;
    this.#successes++;
    if (this.#successes < this.#settings.successThreshold) return;
    clearInterval(this.#probing);
    this.#circuit.close();
  }

  /** The database could not be reached, or could not take work. */
  failed(): void {
    this.#successes = 0;
    if (this.#circuit.halfOpen) {
      this.#open();
      return;
    }
    const { failureThreshold, failureWindowSecs } = this.#settings;
    const nowMs = performance.now();
    this.#failedAtMs.push(nowMs);
    if (this.#failedAtMs.length > failureThreshold) this.#failedAtMs.shift();
    const isFull = this.#failedAtMs.length === failureThreshold;
    const isRecent = nowMs - this.#failedAtMs[0]! <= failureWindowSecs * 1000;
    if (isFull && isRecent && this.#circuit.closed) this.#open();
  }

  /** What asks the database, past the breaker, while it is not closed. Rejects when there is no answer. */
  probeWith(probe: () => Promise<unknown>): void {
    let isAsking = false;
    this.#circuit.on('open', () => {
      clearInterval(this.#probing);
      this.#probing = setInterval(() => {
        if (isAsking) return;
        isAsking = true;
        void probe()
          .then(
            () => this.succeeded(),
            () => void (this.#successes = 0),
          )
          .finally(() => (isAsking = false));
      }, PROBE_PERIOD_MS).unref();
    });
  }

  stop(): void {
    clearInterval(this.#probing);
    this.#circuit.shutdown();
  }

  #open(): void {
    this.#openedAtMs = performance.now();
    this.#failedAtMs = [];
    this.#successes = 0;
    this.#circuit.open();
  }

  #mayTry(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#trials.sinceMs >= 1000) this.#trials = { sinceMs: nowMs, count: 0 };
    this.#trials.count++;
    return this.#trials.count <= this.#settings.successThreshold;
  }
}
