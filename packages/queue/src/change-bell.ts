import type { Redis } from 'ioredis';
import { KEY_PREFIX } from './queues.ts';

const CHANNEL = `${KEY_PREFIX}:changed`;

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
      .publish(CHANNEL, '')
      .catch(() => undefined)
      .finally(() => (this.#isOnItsWay = false));
  }
}

/** Hears the bell, on a connection of its own. */
export class ChangeListener {
  readonly #redis: Redis;

  /** @param redis where to listen; the connection itself is left alone */
  constructor(
    redis: Redis,
    { onChange, onError }: { onChange: () => void; onError: (error: Error) => void },
  ) {
    this.#redis = redis.duplicate({
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      lazyConnect: true,
    });
    this.#redis.on('error', onError);
    this.#redis.on('message', onChange);
    // What was rung while it was away is not repeated.
    this.#redis.on('ready', onChange);
  }

  start(): void {
    // It is subscribed whenever Redis is there.
    this.#redis.subscribe(CHANNEL).catch(() => undefined);
  }

  stop(): void {
    this.#redis.disconnect();
  }
}
