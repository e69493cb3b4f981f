import { createServer, type Server, type ServerResponse } from 'node:http';
import { type Database, isDatabaseHealthy } from '@arcrun/database';
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
    const [databaseAnswers, queueAnswers] = await Promise.all([
      isDatabaseHealthy(database, CHECK_LIMIT_MS),
      isRedisHealthy(redis, CHECK_LIMIT_MS),
    ]);
    return { databaseAnswers, queueAnswers };
  };
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://worker');
    void answer(pathname).catch(() => sendJson(response, 500, { error: 'Internal error', status: 500 }));

    async function answer(path: string): Promise<void> {
      switch (path) {
        case '/health': {
          const { databaseAnswers, queueAnswers } = await look();
          sendJson(response, 200, {
            status: databaseAnswers && queueAnswers ? 'ok' : 'degraded',
            database: wordFor(databaseAnswers),
            queue: wordFor(queueAnswers),
            pool_size: database.pool.totalCount,
            pool_idle: database.pool.idleCount,
          });
          return;
        }
        case '/ready': {
          const { databaseAnswers, queueAnswers } = await look();
          if (databaseAnswers && queueAnswers) {
            sendJson(response, 200, { status: 'ready', queue: 'healthy' });
          } else {
            const error = databaseAnswers ? 'Redis does not answer' : 'Postgres does not answer';
            sendJson(response, 503, { error, status: 503, queue: wordFor(queueAnswers) });
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

function wordFor(isHealthy: boolean): 'healthy' | 'unhealthy' {
  return isHealthy ? 'healthy' : 'unhealthy';
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
