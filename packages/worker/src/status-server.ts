import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AccessTokens, bearerToken } from '@arcrun/config';
import { parseJson, parseLogLevel } from '@arcrun/contracts';
import { type Database, isDatabaseHealthy } from '@arcrun/database';
import type { Logger, Metrics } from '@arcrun/observability';
import { isRedisHealthy } from '@arcrun/queue';
import type { Redis } from 'ioredis';

const CHECK_LIMIT_MS = 1500;
const BODY_MAX_BYTES = 1024;

/** What probes ask for, who have no token. */
const OPEN_PATHS: readonly string[] = ['/health', '/ready'];

export interface StatusServerOptions {
  readonly database: Database;
  readonly redis: Redis;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Without them, everybody may ask for everything. */
  readonly tokens: AccessTokens | undefined;
}

/** What a worker says of itself: `/health` (it lives), `/ready` (it can work), `/metrics`; and what it logs. */
export function createStatusServer(options: StatusServerOptions): Server {
  const { database, redis, metrics, logger, tokens } = options;
  const look = async () => {
    const [databaseAnswers, queueAnswers] = await Promise.all([
      isDatabaseHealthy(database, CHECK_LIMIT_MS),
      isRedisHealthy(redis, CHECK_LIMIT_MS),
    ]);
    return { databaseAnswers, queueAnswers };
  };
  return createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const token = bearerToken(request.headers.authorization);
    const isAllowed = tokens === undefined || (token !== undefined && tokens.includes(token));
    if (!isAllowed && !OPEN_PATHS.includes(path)) {
      response.setHeader('www-authenticate', 'Bearer');
      sendJson(response, 401, { error: 'The token is missing or wrong', status: 401 });
      return;
    }
    void answer().catch(() => sendJson(response, 500, { error: 'Internal error', status: 500 }));

    async function answer(): Promise<void> {
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
        case '/metrics': {
          const text = await metrics.registry.metrics();
          response.writeHead(200, { 'content-type': metrics.registry.contentType });
          response.end(text);
          return;
        }
        case '/admin/log-level':
          if (request.method === 'GET') sendJson(response, 200, { level: logger.level });
          else if (request.method === 'PUT') await changeLevel(request, response, logger);
          else sendJson(response, 405, { error: `${request.method} is not allowed here`, status: 405 });
          return;
        default:
          sendJson(response, 404, { error: `Nothing is at ${path}`, status: 404 });
      }
    }
  });
}

async function changeLevel(
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  if (size > BODY_MAX_BYTES) {
    sendJson(response, 413, { error: `The body is larger than ${BODY_MAX_BYTES} bytes`, status: 413 });
    return;
  }
  const json = parseJson(Buffer.concat(chunks));
  const read = json.ok
    ? parseLogLevel(json.value)
    : { ok: false as const, details: [`body: ${json.message}`] };
  if (!read.ok) {
    sendJson(response, 400, { error: 'The request is not valid', status: 400, details: read.details });
    return;
  }
  const from = logger.level;
  logger.level = read.level;
  logger.warn('log level changed', { from, to: read.level });
  sendJson(response, 200, { level: read.level });
}

function wordFor(isHealthy: boolean): 'healthy' | 'unhealthy' {
  return isHealthy ? 'healthy' : 'unhealthy';
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
