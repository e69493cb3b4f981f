import { parseDeliveriesQuery } from '@arcrun/contracts';
import { type DeliveryKey, listDeliveries } from '@arcrun/database';
import { Router } from 'express';
import type { ApiContext } from '../app.ts';
import { invalid, methodNotAllowed } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';
import { linkNextPage, readTime, readUuid, toPage } from '../http/paging.ts';

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
  const key = value as Record<keyof DeliveryKey, unknown>;
  const updatedAt = readTime(key.updatedAt);
  const id = readUuid(key.id);
  return updatedAt === null || id === null ? null : { updatedAt, id };
}
