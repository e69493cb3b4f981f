import { parseDeliveriesQuery } from '@arcrun/contracts';
import { type DeliveryKey, listDeliveries } from '@arcrun/database';
import { Router } from 'express';
import type { ApiContext } from '../app.ts';
import { invalid, methodNotAllowed } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';
import { linkNextPage, toPage } from '../http/paging.ts';
import { readId } from '../http/path-ids.ts';

export function deliveryRoutes({ database, pageLimits }: ApiContext): Router {
  const router = Router();
  router
    .route('/webhook-deliveries')
    .get(async (request, response) => {
      const parsed = parseDeliveriesQuery(request.query, pageLimits);
      if (!parsed.ok) throw invalid(parsed.details);
      const page = toPage(parsed.query, readDeliveryKey);
      if (page === null) {
        sendJsonText(response, '[]');
        return;
      }
      const { rows, next } = await listDeliveries(database.db, parsed.query, page);
      linkNextPage(request, response, next);
      sendJsonText(response, JSON.stringify(rows));
    })
    .all(methodNotAllowed('GET'));
  return router;
}

function readDeliveryKey(value: unknown): DeliveryKey | null {
  const { updatedAt, id } = value as DeliveryKey;
  if (typeof updatedAt !== 'string' || Number.isNaN(Date.parse(updatedAt)) || typeof id !== 'string')
    return null;
  return { updatedAt, id: readId(id, 'Task') };
}
