import type { Redis } from 'ioredis';
import { CHANNELS } from './broadcasts.ts';

/** Bells of one process come no faster than this. */
const PERIOD_MS = 100;

/**
 * Tells the API processes that tasks have changed somewhere, so that those who watch a batch look at it. It says
 * nothing else: who watches looks from time to time without it too. Ringing costs a publish every 100 ms at the most,
 * never fails and holds up nobody.
 */
export class ChangeBell {
  readonly #redis: Redis;
  #pause: NodeJS.Timeout | undefined;
  #isRungAgain = false;
  #isOnItsWay = false;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  ring(): void {
    if (this.#pause !== undefined) {
      this.#isRungAgain = true;
      return;
    }
    this.#pause = setTimeout(this.#afterPause, PERIOD_MS).unref();
    this.#publish();
  }

  stop(): void {
    clearTimeout(this.#pause);
    this.#isRungAgain = false;
  }

  readonly #afterPause = (): void => {
    this.#pause = undefined;
    if (!this.#isRungAgain) return;
    this.#isRungAgain = false;
    this.ring();
  };

  #publish(): void {
    // One at a time: while Redis does not answer, nothing piles up.
    if (this.#isOnItsWay) {
      this.#isRungAgain = true;
      return;
    }
    this.#isOnItsWay = true;
    void this.#redis
      .publish(CHANNELS.changed, '')
      .catch(() => undefined)
      .finally(() => (this.#isOnItsWay = false));
  }
}
