import type { Redis } from 'ioredis';
import { KEY_PREFIX } from './queues.ts';

/** What is told to all who listen just now, and to nobody who comes later. */
export const CHANNELS = {
  /** Tasks have changed somewhere. */
  changed: `${KEY_PREFIX}:changed`,
  /** All workers are to look for work; the message is the name of the queue. */
  look: `${KEY_PREFIX}:look`,
} as const;

export interface BroadcastListenerOptions {
  /** Gets the message, or nothing when the connection is there (again): what was told while it was away is lost. */
  readonly onMessage: (message?: string) => void;
  readonly onError: (error: Error) => void;
}

/** Hears what is told on a channel, on a connection of its own. */
export class BroadcastListener {
  readonly #redis: Redis;
  readonly #channel: string;

  /** @param redis where to listen; the connection itself is left alone */
  constructor(
    redis: Redis,
    channel: keyof typeof CHANNELS,
    { onMessage, onError }: BroadcastListenerOptions,
  ) {
    this.#channel = CHANNELS[channel];
    this.#redis = redis.duplicate({
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      lazyConnect: true,
    });
    this.#redis.on('error', onError);
    this.#redis.on('message', (_channel, message) => onMessage(message));
    this.#redis.on('ready', () => onMessage());
  }

  start(): void {
    // It is subscribed whenever Redis is there.
    this.#redis.subscribe(this.#channel).catch(() => undefined);
  }

  stop(): void {
    this.#redis.disconnect();
  }
}
