import { arcrun } from './arcrun.ts';
import type { Contestant } from './contestant.ts';
import { peer } from './peer.ts';

/** In the order in which they are told. */
export const CONTESTANTS: readonly Contestant[] = [
  arcrun,
  peer({ name: 'pg-boss', library: 'pg-boss', canFan: true }),
  peer({ name: 'graphile-worker', library: 'graphile-worker', canFan: false }),
  peer({ name: 'BullMQ on Redis', library: 'bullmq-redis', canFan: true }),
  peer({ name: 'BullMQ on Postgres', library: 'bullmq-postgres', canFan: true }),
];
