import { findOverview } from '@arcrun/database';
import { Router } from 'express';
import type { ApiContext } from '../api-context.ts';
import { methodNotAllowed } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';

/** What the overview page shows, in one call at constant cost. */
export function overviewRoutes({ database }: ApiContext): Router {
  const router = Router();
  router
    .route('/overview')
    .get(async (_request, response) => {
      sendJsonText(response, await findOverview(database.db));
    })
    .all(methodNotAllowed('GET'));
  return router;
}
