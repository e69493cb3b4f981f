import { parseDeliveriesQuery, type RetryDeliveries } from '@arcrun/contracts';
import { type DeliveryKey, listDeliveries, retryDeliveries, retryDelivery } from '@arcrun/database';
import { type Response, Router } from 'express';
import type { ApiContext } from '../api-context.ts';
import { ApiError, conflict, invalid, methodNotAllowed, notFound } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';
import { linkNextPage, readTime, readUuid, toPage } from '../http/paging.ts';
import { readId } from '../http/path-ids.ts';

/** Notifications that one transaction makes due again, at most. */
const RETRIED_AT_ONCE = 1000;

export function deliveryRoutes({ bodies, database, doorbell, pageLimits, settings }: ApiContext): Router {
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
      const { rows, next } = await listDeliveries(database.db, parsed.query, page, settings.LIST_TIMEOUT_MS);
      linkNextPage(request, response, next);
      sendJsonText(response, JSON.stringify(rows));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/webhook-deliveries/retry')
    .post(async (request, response) => {
      const filter = await bodies.read(request, 'retryDeliveries');
      response.status(202).json({ retried: await retryAll(filter, response) });
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/webhook-deliveries/:id/retry')
    .post(async (request, response) => {
      const delivery = await retryDelivery(database.db, readId(request.params.id, 'Delivery'));
      if (delivery === null) throw notFound('Delivery');
      const { retried, status, isArchived } = delivery;
      if (status === 'Success') throw conflict(409, 'The notification has been delivered', status);
      if (isArchived) throw new ApiError(409, 'Its batch is in the archive', { code: 'archived' });
      if (retried > 0) doorbell.ring('webhook');
      response.status(202).json({ retried });
    })
    .all(methodNotAllowed('POST'));

  return router;

  /** Step by step; a client that has gone away asks for no further one. */
  async function retryAll({ status, ...filter }: RetryDeliveries, response: Response): Promise<number> {
    // Nothing else can be retried.
    if (status !== null && status !== 'Exhausted') return 0;
    let sum = 0;
    for await (const retried of retryDeliveries(database.db, filter, RETRIED_AT_ONCE)) {
      if (retried > 0) doorbell.ring('webhook');
      sum += retried;
      if (response.closed) break;
    }
    return sum;
  }
}

function readDeliveryKey(value: unknown): DeliveryKey | null {
  const key = value as Record<keyof DeliveryKey, unknown>;
  const updatedAt = readTime(key.updatedAt);
  const id = readUuid(key.id);
  return updatedAt === null || id === null ? null : { updatedAt, id };
}
