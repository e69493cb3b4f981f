import type { Doorbell, QueueName } from '@arcrun/queue';

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 1000;

/**
 * Rings again for what a round left to other workers, since its own may open no further calls to those receivers. A
 * bell goes to the worker that has waited longest for one, so it comes round; when it does not help, it comes less
 * and less often. This worker itself looks again as soon as a call ends.
 */
export class HeldBack {
  readonly #doorbell: Doorbell;
  readonly #queue: QueueName;
  #delayMs = FIRST_DELAY_MS;

  constructor(doorbell: Doorbell, queue: QueueName) {
    this.#doorbell = doorbell;
    this.#queue = queue;
  }

  afterRound(taken: number): void {
    if (taken > 0) {
      this.#delayMs = FIRST_DELAY_MS;
      this.#doorbell.ring(this.#queue);
      return;
    }
    this.#doorbell.ringLater(this.#queue, this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, LAST_DELAY_MS);
  }
}
