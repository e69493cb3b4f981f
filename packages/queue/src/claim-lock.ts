import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { KEY_PREFIX } from './queues.ts';
import { within } from './within.ts';

const KEY = `${KEY_PREFIX}:claim-lock`;
const TTL_MS = 2000;
const RETRY_MS = 5;
/** After this the claim goes on without the lock: it only keeps workers from crowding. */
const WAIT_MS = 100;

// Deletes the lock only while it is still ours.
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

/**
 * Keeps workers from crowding the same claim. It is for efficiency alone: the claiming transaction is right without
 * it, so a lock that cannot be had (Redis is away, somebody holds it for long) is no reason to wait.
 */
export class ClaimLock {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async hold<T>(run: () => Promise<T>): Promise<T> {
    const token = randomUUID();
    const isHeld = await this.#acquire(token);
    try {
      return await run();
    } finally {
      if (isHeld) this.#redis.eval(RELEASE, 1, KEY, token).catch(() => undefined);
    }
  }

  async #acquire(token: string): Promise<boolean> {
    const deadlineMs = performance.now() + WAIT_MS;
    try {
      do {
        if ((await within(WAIT_MS, this.#redis.set(KEY, token, 'PX', TTL_MS, 'NX'))) === 'OK') return true;
        await delay(RETRY_MS);
      } while (performance.now() < deadlineMs);
    } catch {
      // Redis is away.
    }
    return false;
  }
}
