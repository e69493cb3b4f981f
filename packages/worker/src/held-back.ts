import { BroadcastListener, type Doorbell, type QueueName } from '@arcrun/queue';
import type { Redis } from 'ioredis';

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 800;

/** Workers that hold back the same work do not ring all at once. */
const JITTER = 0.25;

/**
 * Has others look for what a round left to them, since its own worker may open no further calls to those receivers:
 * one at once when the round took some, all of them after a while, and again, less and less often, for as long as
 * something is held back. This worker itself looks again as soon as a call ends.
 */
export class HeldBack {
  readonly #doorbell: Doorbell;
  readonly #queue: QueueName;
  #delayMs = FIRST_DELAY_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(doorbell: Doorbell, queue: QueueName) {
    this.#doorbell = doorbell;
    this.#queue = queue;
  }

  afterRound({ heldBack, taken }: { readonly heldBack: boolean; readonly taken: number }): void {
    if (!heldBack) {
      this.heard();
      this.#delayMs = FIRST_DELAY_MS;
      return;
    }
    if (taken > 0) this.#doorbell.ring(this.#queue);
    if (this.#timer !== undefined) return;
    const delayMs = this.#delayMs * (1 + JITTER * (2 * Math.random() - 1));
    this.#delayMs = Math.min(2 * this.#delayMs, LAST_DELAY_MS);
    // For the sweep, which takes work that nobody is to look for soon for forgotten.
    this.#doorbell.ringLater(this.#queue, delayMs);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#doorbell.ringAll(this.#queue);
    }, delayMs);
    this.#timer.unref();
  }

  /** All workers look now, this one too: its round says whether they have to be asked again. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

export interface LooksOptions {
  readonly redis: Redis;
  readonly heldBack: Readonly<Record<'start' | 'webhook', HeldBack>>;
  /** Runs a round of a queue. */
  readonly run: (queue: QueueName) => void;
  readonly onError: (error: Error) => void;
}

/** Hears when a worker, this one or another, has all look for what it holds back. */
export function listenForLooks({ redis, heldBack, run, onError }: LooksOptions): BroadcastListener {
  return new BroadcastListener(redis, 'look', {
    onMessage: (queue) => {
      if (queue !== 'start' && queue !== 'webhook') return;
      heldBack[queue].heard();
      run(queue);
    },
    onError,
  });
}
