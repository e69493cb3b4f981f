import { isDatabaseHealthy } from '@arcrun/database';
import { isRedisHealthy } from '@arcrun/queue';
import { Router } from 'express';
import type { ApiContext } from '../api-context.ts';
import { methodNotAllowed, unavailable } from '../http/errors.ts';

const CHECK_LIMIT_MS = 1500;

/** What probes ask for. Open to everybody, since a probe has no token. */
export function healthRoutes({ database, redis }: ApiContext): Router {
  const router = Router();

  router
    .route('/health')
    .get(async (_request, response) => {
      const [databaseAnswers, queueAnswers] = await look();
      response.json({
        status: databaseAnswers && queueAnswers ? 'ok' : 'degraded',
        database: wordFor(databaseAnswers),
        queue: wordFor(queueAnswers),
        pool_size: database.pool.totalCount,
        pool_idle: database.pool.idleCount,
      });
    })
    .all(methodNotAllowed('GET'));

  // Ready without Redis: tasks are accepted into Postgres, and start when it is back.
  router
    .route('/ready')
    .get(async (_request, response) => {
      const [databaseAnswers, queueAnswers] = await look();
      if (!databaseAnswers) throw unavailable('Postgres does not answer');
      response.json({ status: 'ready', queue: wordFor(queueAnswers) });
    })
    .all(methodNotAllowed('GET'));

  return router;

  function look(): Promise<[boolean, boolean]> {
    return Promise.all([isDatabaseHealthy(database, CHECK_LIMIT_MS), isRedisHealthy(redis, CHECK_LIMIT_MS)]);
  }
}

function wordFor(isHealthy: boolean): 'healthy' | 'unhealthy' {
  return isHealthy ? 'healthy' : 'unhealthy';
}
