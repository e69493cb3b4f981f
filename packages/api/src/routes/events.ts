import { hasBatch } from '@arcrun/database';
import { Router } from 'express';
import type { ApiContext } from '../api-context.ts';
import { END_EVENT_ID } from '../events/batch-feed.ts';
import { methodNotAllowed, notFound } from '../http/errors.ts';
import type { OpenRequests } from '../http/open-requests.ts';
import { readId } from '../http/path-ids.ts';

/** What happens in a batch, as it happens. */
export function eventRoutes({ database, feeds }: ApiContext, open: OpenRequests): Router {
  const router = Router();
  router
    .route('/batch/:id/events')
    .get(async (request, response) => {
      const id = readId(request.params.id, 'Batch');
      if (!(await hasBatch(database.db, id))) throw notFound('Batch');
      // A browser that comes back though it has had the end: this keeps it from coming again.
      if (request.headers['last-event-id'] === END_EVENT_ID) {
        response.status(204).end();
        return;
      }
      if (request.method === 'HEAD') {
        response.type('text/event-stream').end();
        return;
      }
      // Who has gone meanwhile tells nobody of it any more.
      if (response.destroyed || response.closed) return;
      feeds.watch(id, response);
      open.forget(response);
    })
    .all(methodNotAllowed('GET'));
  return router;
}
