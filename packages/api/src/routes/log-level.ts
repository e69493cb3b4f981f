import { Router } from 'express';
import type { ApiContext } from '../api-context.ts';
import { methodNotAllowed } from '../http/errors.ts';

/** What this process logs; others keep their level. */
export function logLevelRoutes({ bodies, logger }: ApiContext): Router {
  const router = Router();
  router
    .route('/admin/log-level')
    .get((_request, response) => {
      response.json({ level: logger.level });
    })
    .put(async (request, response) => {
      const from = logger.level;
      logger.level = await bodies.read(request, 'logLevel');
      logger.warn('log level changed', { from, to: logger.level });
      response.json({ level: logger.level });
    })
    .all(methodNotAllowed('GET', 'PUT'));
  return router;
}
