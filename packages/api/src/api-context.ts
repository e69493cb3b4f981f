import type { Settings } from '@arcrun/config';
import type { PageLimits } from '@arcrun/contracts';
import type { Database } from '@arcrun/database';
import type { Logger, Metrics, Tracing } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import type { Redis } from 'ioredis';
import type { Bodies } from './bodies/bodies.ts';
import type { BatchFeeds } from './events/batch-feeds.ts';
import type { TaskCommits } from './task-commits.ts';

/** What the routes work with. */
export interface ApiContext {
  readonly settings: Settings;
  readonly bodies: Bodies;
  readonly pageLimits: PageLimits;
  readonly database: Database;
  readonly redis: Redis;
  readonly doorbell: Doorbell;
  readonly commits: TaskCommits;
  readonly feeds: BatchFeeds;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Undefined while tracing is off. */
  readonly tracing: Tracing | undefined;
}
