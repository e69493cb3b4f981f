import { RetryDeliveriesDto } from '../schemas/delivery.ts';
import { DELIVERY_STATUSES } from '../statuses.ts';
import type { DeliveryStatus } from '../statuses.ts';
import { checkShape, compileShape } from './check-shape.ts';
import { ErrorList } from './error-list.ts';
import type { Invalid } from './error-list.ts';
import { parseUuid } from './identifiers.ts';
import type { Json } from './lossless-json.ts';

/** Which exhausted deliveries are to be made due again; null means that the filter was not given. */
export type RetryDeliveries = {
  readonly status: DeliveryStatus | null;
  /** In lower case. */
  readonly taskId: string | null;
  /** In lower case. */
  readonly batchId: string | null;
};

const validate = compileShape<RetryDeliveriesDto>(RetryDeliveriesDto);

/** Reads the body of `POST /webhook-deliveries/retry`. */
export function parseRetryDeliveries(
  value: Json,
): { readonly ok: true; readonly retry: RetryDeliveries } | Invalid {
  const errors = new ErrorList();
  const dto = checkShape(validate, value, '', errors);
  if (dto === null) return { ok: false, details: errors.details };
  const wanted = dto.status?.toLowerCase();
  const status = DELIVERY_STATUSES.find((known) => known.toLowerCase() === wanted) ?? null;
  if (wanted !== undefined && status === null) {
    errors.add('status', `must be one of ${DELIVERY_STATUSES.join(', ')}`);
  }
  const readId = (name: 'task_id' | 'batch_id'): string | null => {
    const text = dto[name];
    const id = text == null ? null : parseUuid(text);
    if (text != null && id === null) errors.add(name, 'must be a UUID');
    return id;
  };
  const retry = { status, taskId: readId('task_id'), batchId: readId('batch_id') };
  return errors.isEmpty ? { ok: true, retry } : { ok: false, details: errors.details };
}
