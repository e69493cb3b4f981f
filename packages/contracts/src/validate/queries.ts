import type { PageLimits } from '../limits.ts';
import { DELIVERY_STATUSES, TASK_STATUSES } from '../statuses.ts';
import type { DeliveryStatus, TaskStatus } from '../statuses.ts';
import type { Invalid } from './error-list.ts';
import { QueryReader } from './query-reader.ts';
import type { Page, QueryParameters } from './query-reader.ts';

/** Filters of `GET /task`; null means that the parameter was not given. */
export type TaskQuery = Page & {
  readonly name: string | null;
  readonly kind: string | null;
  readonly status: TaskStatus | null;
  /** In lower case. */
  readonly batchId: string | null;
  readonly timeoutSecs: number | null;
  /** JSON text, as given. */
  readonly metadata: string | null;
};

/** Filters of `GET /batches`; null means that the parameter was not given. */
export type BatchesQuery = Page & {
  readonly kind: string | null;
  readonly name: string | null;
  readonly status: TaskStatus | null;
  /** RFC 3339, inclusive. */
  readonly createdAfter: string | null;
  /** RFC 3339. */
  readonly createdBefore: string | null;
  readonly scope: string | null;
  /** JSON text, as given. */
  readonly metadata: string | null;
  readonly search: string | null;
};

/** Filters of `GET /webhook-deliveries`; null means that the parameter was not given. */
export type DeliveriesQuery = Page & {
  readonly status: DeliveryStatus | null;
  /** In lower case. */
  readonly taskId: string | null;
  /** In lower case. */
  readonly batchId: string | null;
};

type Parsed<T> = { readonly ok: true; readonly query: T } | Invalid;

/** Reads the query of `GET /task`. Unknown parameters are ignored. */
export function parseTaskQuery(parameters: QueryParameters, limits: PageLimits): Parsed<TaskQuery> {
  const reader = new QueryReader(parameters);
  return reader.finish({
    ...reader.page(limits),
    name: reader.text('name'),
    kind: reader.text('kind'),
    status: reader.choice('status', TASK_STATUSES),
    batchId: reader.uuid('batch_id'),
    timeoutSecs: reader.int32('timeout'),
    metadata: reader.json('metadata'),
  });
}

/** Reads the query of `GET /batches`. Unknown parameters are ignored. */
export function parseBatchesQuery(parameters: QueryParameters, limits: PageLimits): Parsed<BatchesQuery> {
  const reader = new QueryReader(parameters);
  return reader.finish({
    ...reader.page(limits),
    kind: reader.text('kind'),
    name: reader.text('name'),
    status: reader.choice('status', TASK_STATUSES),
    createdAfter: reader.timestamp('created_after'),
    createdBefore: reader.timestamp('created_before'),
    scope: reader.text('scope'),
    metadata: reader.json('metadata'),
    search: reader.text('search'),
  });
}

/** Reads the query of `GET /webhook-deliveries`, where `status` may be in any case. Unknown parameters are ignored. */
export function parseDeliveriesQuery(
  parameters: QueryParameters,
  limits: PageLimits,
): Parsed<DeliveriesQuery> {
  const reader = new QueryReader(parameters);
  return reader.finish({
    ...reader.page(limits),
    status: reader.choiceInAnyCase('status', DELIVERY_STATUSES),
    taskId: reader.uuid('task_id'),
    batchId: reader.uuid('batch_id'),
  });
}
