import { RetryDeliveriesDto } from '../schemas/delivery.ts';
import { DELIVERY_STATUSES } from '../statuses.ts';
import type { DeliveryStatus } from '../statuses.ts';
import { checkShape, compileShape } from './check-shape.ts';
import { ErrorList } from './error-list.ts';
import type { Invalid } from './error-list.ts';
import { isJsonObject } from './lossless-json.ts';
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
  const given = isJsonObject(value) ? value['status'] : undefined;
  const wanted = typeof given === 'string' ? given.toLowerCase() : undefined;
  const status = DELIVERY_STATUSES.find((known) => known.toLowerCase() === wanted) ?? null;
  if (wanted !== undefined && status === null) {
    errors.add('status', `must be one of ${DELIVERY_STATUSES.join(', ')}`);
  }
  if (dto === null || !errors.isEmpty) return { ok: false, details: errors.details };
  const taskId = dto.task_id?.toLowerCase() ?? null;
  const batchId = dto.batch_id?.toLowerCase() ?? null;
  return { ok: true, retry: { status, taskId, batchId } };
}
