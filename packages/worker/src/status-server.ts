import { createServer, type Server, type ServerResponse } from 'node:http';
import { checkHealth, type Database } from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import { isRedisHealthy } from '@arcrun/queue';
import type { Redis } from 'ioredis';

const CHECK_LIMIT_MS = 1500;

export interface StatusServerOptions {
  readonly database: Database;
  readonly redis: Redis;
  readonly metrics: Metrics;
}

/** What a worker says of itself: `/health` (it lives), `/ready` (it can work), `/metrics`. */
export function createStatusServer({ database, redis, metrics }: StatusServerOptions): Server {
  const look = async () => {
    const [isDatabaseHealthy, isQueueHealthy] = await Promise.all([
      isDatabaseReachable(database),
      isRedisHealthy(redis, CHECK_LIMIT_MS),
    ]);
    return { isDatabaseHealthy, isQueueHealthy };
  };
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://worker');
    void answer(pathname).catch(() => sendJson(response, 500, { error: 'Internal error', status: 500 }));

    async function answer(path: string): Promise<void> {
      switch (path) {
        case '/health': {
          const { isDatabaseHealthy, isQueueHealthy } = await look();
          sendJson(response, 200, {
            status: isDatabaseHealthy && isQueueHealthy ? 'ok' : 'degraded',
            database: wordFor(isDatabaseHealthy),
            queue: wordFor(isQueueHealthy),
            pool_size: database.pool.totalCount,
            pool_idle: database.pool.idleCount,
          });
          return;
        }
        case '/ready': {
          const { isDatabaseHealthy, isQueueHealthy } = await look();
          if (isDatabaseHealthy && isQueueHealthy) {
            sendJson(response, 200, { status: 'ready', queue: 'healthy' });
          } else {
            const error = isDatabaseHealthy ? 'Redis does not answer' : 'Postgres does not answer';
            sendJson(response, 503, { error, status: 503, queue: wordFor(isQueueHealthy) });
          }
          return;
        }
        case '/metrics':
          response.writeHead(200, { 'content-type': metrics.registry.contentType });
          response.end(await metrics.registry.metrics());
          return;
        default:
          sendJson(response, 404, { error: `Nothing is at ${path}`, status: 404 });
      }
    }
  });
}

async function isDatabaseReachable(database: Database): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), CHECK_LIMIT_MS);
  const check = checkHealth(database.db).then(
    () => true,
    () => false,
  );
  const isReachable = await Promise.race([check, tooLate]);
  clearTimeout(timer);
  return isReachable;
}

function wordFor(isHealthy: boolean): 'healthy' | 'unhealthy' {
  return isHealthy ? 'healthy' : 'unhealthy';
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
