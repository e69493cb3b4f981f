import { Type } from 'typebox';
import type { Static } from 'typebox';
import { DELIVERY_STATUSES, DELIVERY_TRIGGERS, REPORTED_STATUSES } from '../statuses.ts';
import { nullable, oneOf, optional, timestamp, uuid } from './building-blocks.ts';

export const WebhookDeliveryDto = Type.Object(
  {
    id: uuid('The delivery'),
    task_id: nullable(uuid("null for a batch's")),
    batch_id: nullable(uuid("null for a task's")),
    trigger: oneOf(DELIVERY_TRIGGERS),
    condition: nullable(oneOf(REPORTED_STATUSES)),
    idempotency_key: Type.String(),
    status: oneOf(DELIVERY_STATUSES),
    attempts: Type.Integer({ minimum: 0 }),
    last_error: nullable(Type.String({ description: 'Holds the status code of the last answer' })),
    next_attempt_at: nullable(timestamp('When it is tried next')),
    created_at: timestamp('When it was recorded'),
    updated_at: timestamp('When it last changed'),
  },
  { description: 'One notification and how its delivery goes' },
);
export type WebhookDeliveryDto = Static<typeof WebhookDeliveryDto>;

export const RetryDeliveriesDto = Type.Object(
  {
    status: optional(Type.String(), {
      description: 'In any case. Only what is exhausted can be retried: another status finds nothing',
    }),
    task_id: optional(uuid('Only those of this task')),
    batch_id: optional(uuid('Only those of this batch and of its tasks')),
  },
  { description: 'Which exhausted deliveries are made due again; empty: all' },
);
export type RetryDeliveriesDto = Static<typeof RetryDeliveriesDto>;

export const RetryDeliveriesResponseDto = Type.Object({ retried: Type.Integer({ minimum: 0 }) });
export type RetryDeliveriesResponseDto = Static<typeof RetryDeliveriesResponseDto>;
