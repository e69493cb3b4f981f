import type { JobPayloads } from '@arcrun/contracts';

/** The queues there are. Each has one processor of the same name in the worker. */
export const QUEUE_NAMES = [
  'start',
  'timeout',
  'propagation',
  'webhook',
] as const satisfies readonly (keyof JobPayloads)[];

export type QueueName = (typeof QUEUE_NAMES)[number];

/** The hash tag keeps all keys in one slot, so that scripts over several keys work on a Redis Cluster. */
export const KEY_PREFIX = '{arcrun}';

/** Jobs that have ended are kept only to be looked at. */
export const KEPT_JOBS = { removeOnComplete: { count: 50 }, removeOnFail: { count: 200 } } as const;
