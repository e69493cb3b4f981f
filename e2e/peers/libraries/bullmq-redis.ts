import { createRedisBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { onBullmq } from './bullmq.ts';

/** BullMQ as most use it. The Redis keeps nothing on the disk, like the one that ArcRun has beside it. */
export const library = onBullmq({
  backend: createRedisBackend,
  connect: ({ redisUrl }) => new Redis(redisUrl, { maxRetriesPerRequest: null }),
  concurrency: 100,
});
