import { checkHealth } from '@arcrun/database';
import { isRedisHealthy } from '@arcrun/queue';
import { Router } from 'express';
import type { ApiContext } from '../app.ts';
import { ApiError, methodNotAllowed } from '../http/errors.ts';

const CHECK_LIMIT_MS = 1500;

export function healthRoutes({ database, redis, metrics }: ApiContext): Router {
  const router = Router();

  router
    .route('/health')
    .get(async (_request, response) => {
      const [isDatabaseHealthy, isQueueHealthy] = await look();
      response.json({
        status: isDatabaseHealthy && isQueueHealthy ? 'ok' : 'degraded',
        database: wordFor(isDatabaseHealthy),
        queue: wordFor(isQueueHealthy),
        pool_size: database.pool.totalCount,
        pool_idle: database.pool.idleCount,
      });
    })
    .all(methodNotAllowed('GET'));

  // Ready without Redis: tasks are accepted into Postgres, and start when it is back.
  router
    .route('/ready')
    .get(async (_request, response) => {
      const [isDatabaseHealthy, isQueueHealthy] = await look();
      if (!isDatabaseHealthy)
        throw new ApiError(503, 'Postgres does not answer', { code: 'unavailable' }, { 'retry-after': '1' });
      response.json({ status: 'ready', queue: wordFor(isQueueHealthy) });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/metrics')
    .get(async (_request, response) => {
      for (const [state, count] of Object.entries({
        total: database.pool.totalCount,
        idle: database.pool.idleCount,
        waiting: database.pool.waitingCount,
      })) {
        metrics.dbPoolConnections.set({ state }, count);
      }
      response.setHeader('content-type', metrics.registry.contentType);
      response.end(await metrics.registry.metrics());
    })
    .all(methodNotAllowed('GET'));

  return router;

  function look(): Promise<[boolean, boolean]> {
    return Promise.all([isDatabaseReachable(), isRedisHealthy(redis, CHECK_LIMIT_MS)]);
  }

  async function isDatabaseReachable(): Promise<boolean> {
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
}

function wordFor(isHealthy: boolean): 'healthy' | 'unhealthy' {
  return isHealthy ? 'healthy' : 'unhealthy';
}
