import { Router } from 'express';
import type { ApiContext } from '../app.ts';
import { methodNotAllowed } from '../http/errors.ts';

export function metricsRoutes({ database, metrics }: ApiContext): Router {
  const router = Router();
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
}
