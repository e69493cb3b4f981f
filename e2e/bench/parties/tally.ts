import { clockMs } from '../measure/clock.ts';
import { percentile } from '../measure/distribution.ts';
import type { HttpAnswer } from './keep-alive-client.ts';

/** What came of many requests. */
export interface Flooded {
  readonly elapsedMs: number;
  /** How often each status was answered; "error" where a connection broke. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Counts what was answered, and how late. */
export class Tally {
  readonly #beganMs = clockMs();
  readonly #latencies: number[] = [];
  readonly #statuses: Record<string, number> = {};

  /** @param answer nothing when the connection broke */
  count(answer: HttpAnswer | undefined, sinceMs: number): void {
    const status = answer?.status ?? 'error';
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (answer !== undefined) this.#latencies.push(answer.answeredMs - sinceMs);
  }

  sum(): Flooded {
    return {
      elapsedMs: clockMs() - this.#beganMs,
      statuses: this.#statuses,
      p50Ms: percentile(this.#latencies, 0.5),
      p99Ms: percentile(this.#latencies, 0.99),
      maxMs: percentile(this.#latencies, 1),
    };
  }
}
