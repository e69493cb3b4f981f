import { nextCursor } from './batches.ts';
import { call, toQuery } from './request.ts';
import type { Delivery, RetryDeliveries } from './types.ts';

export interface DeliveryFilter {
  readonly status?: string | undefined;
  readonly task_id?: string | undefined;
  readonly batch_id?: string | undefined;
  /** The cursor of an earlier page. */
  readonly after?: string | undefined;
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  readonly next: string | null;
}

export async function listDeliveries(filter: DeliveryFilter, signal?: AbortSignal): Promise<DeliveryPage> {
  const path = `webhook-deliveries${toQuery({ ...filter })}`;
  const { body, headers } = await call<Delivery[]>('GET', path, { signal });
  return { deliveries: body, next: nextCursor(headers) };
}

/** Makes one exhausted delivery due again. */
export const retryDelivery = async (id: string): Promise<{ retried: number }> =>
  (await call<{ retried: number }>('POST', `webhook-deliveries/${encodeURIComponent(id)}/retry`)).body;

/** Makes all exhausted deliveries due again that a filter names. */
export const retryDeliveries = async (filter: RetryDeliveries): Promise<{ retried: number }> =>
  (await call<{ retried: number }>('POST', 'webhook-deliveries/retry', { body: filter })).body;
