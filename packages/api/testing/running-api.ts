import { readSettings } from '@arcrun/config';
import { createTestDatabase, type TestDatabase } from '@arcrun/database/testing';
import { createLogger, createMetrics } from '@arcrun/observability';
import { Doorbell, openProducerRedis } from '@arcrun/queue';
import { createApp } from '../src/app.ts';
import { Bodies } from '../src/bodies/bodies.ts';
import { BatchFeeds } from '../src/events/batch-feeds.ts';
import { startServer } from '../src/http/server.ts';
import { TaskCommits } from '../src/task-commits.ts';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body read as JSON. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered
  readonly json: any;
}

interface CallOptions {
  /** Sent as JSON; a text or bytes as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An API on a port of its own, over a database of its own. */
export interface RunningApi {
  readonly url: string;
  readonly database: TestDatabase;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface ApiServices {
  readonly templateUrl: string;
  readonly redisUrl: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Of another API, which closes it: the two then are processes of one system. */
  readonly database?: TestDatabase;
}

export async function startApi({
  templateUrl,
  redisUrl,
  settings: given,
  database: shared,
}: ApiServices): Promise<RunningApi> {
  const database = shared ?? (await createTestDatabase(templateUrl));
  const settings = readSettings({
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    HOST_URL: 'http://arcrun.example',
    ...given,
  });
  const metrics = createMetrics();
  const logger = createLogger({ level: 'error', format: 'text', service: 'api' });
  const redis = openProducerRedis({ url: settings.REDIS_URL, onError: () => undefined });
  const doorbell = new Doorbell(redis, () => undefined);
  const commits = new TaskCommits({
    database,
    doorbell,
    metrics,
    cascadeLimit: settings.PROPAGATION_INLINE_LIMIT,
    deadEnds: settings.DEAD_END_CANCEL_ENABLED,
    logger,
  });
  const feeds = new BatchFeeds({ database, redis, maxStreams: settings.EVENT_STREAMS_MAX, logger });
  const bodies = new Bodies(settings, (reason) => metrics.bodyRefusals.inc({ reason }));
  const app = createApp({
    settings,
    bodies,
    pageLimits: { paginationDefault: settings.PAGINATION_DEFAULT, paginationMax: settings.PAGINATION_MAX },
    database,
    redis,
    doorbell,
    commits,
    feeds,
    metrics,
    logger,
    tracing: undefined,
  });
  const server = await startServer(app, 0);
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    database,
    call: async (method, path, { body, headers = {} } = {}) => {
      const isRaw = typeof body === 'string' || body instanceof Uint8Array;
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        text,
        get json() {
          return JSON.parse(text);
        },
      };
    },
    close: async () => {
      feeds.stop();
      await server.stop();
      await bodies.stop();
      await commits.idle();
      await doorbell.close();
      redis.disconnect();
      if (shared === undefined) await database.close();
    },
  };
}
