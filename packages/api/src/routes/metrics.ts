import { Router } from 'express';
import type { ApiContext } from '../api-context.ts';
import { methodNotAllowed } from '../http/errors.ts';

export function metricsRoutes({ metrics }: ApiContext): Router {
  const router = Router();
  router
    .route('/metrics')
    .get(async (_request, response) => {
      response.setHeader('content-type', metrics.registry.contentType);
      response.end(await metrics.registry.metrics());
    })
    .all(methodNotAllowed('GET'));
  return router;
}
