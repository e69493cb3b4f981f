import { Redis } from 'ioredis';
import { within } from './within.ts';

export interface RedisSettings {
  readonly url: string;
  readonly onError: (error: Error) => void;
}

const RECONNECT_MAX_MS = 1000;

/**
 * A connection that has been silent for so long after a command is given up. When Redis has vanished without a word (a
 * failover, a firewall), TCP itself takes a quarter of an hour to say so.
 */
const SILENCE_MAX_MS = 5000;
/** Commands that wait for a job are answered after 10 s at the latest, so BullMQ has it. */
const CONSUMER_SILENCE_MAX_MS = 10_000 + SILENCE_MAX_MS;

const backOff = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 10), RECONNECT_MAX_MS);

/**
 * A connection for those that ring: a command fails at once while Redis is away, since a bell that cannot be rung
 * is replaced by the sweep, and must not hold up an answer.
 */
export function openProducerRedis({ url, onError }: RedisSettings): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 5000,
    socketTimeout: SILENCE_MAX_MS,
    retryStrategy: backOff,
  });
  redis.on('error', onError);
  return redis;
}

/** A connection for those that wait for jobs: they go on waiting through an outage, however long it is. */
export function openConsumerRedis({ url, onError }: RedisSettings): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: 5000,
    socketTimeout: CONSUMER_SILENCE_MAX_MS,
    retryStrategy: backOff,
  });
  redis.on('error', onError);
  return redis;
}

/** Whether Redis answers within the limit. */
export async function isRedisHealthy(redis: Redis, limitMs: number): Promise<boolean> {
  try {
    await within(limitMs, redis.ping());
    return true;
  } catch {
    return false;
  }
}

/**
 * Looks whether Redis throws keys away when its memory is full, each time that it is connected to.
 *
 * @param onRisk gets its `maxmemory-policy`
 */
export function watchEviction(redis: Redis, onRisk: (policy: string) => void): void {
  const look = async (): Promise<void> => {
    const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1];
    if (policy !== undefined && policy !== 'noeviction') onRisk(policy);
  };
  // Who has lost the connection meanwhile looks again at the next.
  redis.on('ready', () => void look().catch(() => undefined));
}
