import { Type } from 'typebox';
import type { Static } from 'typebox';
import { anyJson, nullable, oneOf, timestamp, uuid } from './building-blocks.ts';
import { StatusKind } from './task.ts';

const amount = Type.Integer({ minimum: 0 });
const amountOrUnknown = nullable(amount);

const minute = Type.Object(
  {
    at: timestamp('The beginning of the minute'),
    created: amountOrUnknown,
    succeeded: amountOrUnknown,
    failed: amountOrUnknown,
    canceled: amountOrUnknown,
    pending: amountOrUnknown,
    running: amountOrUnknown,
  },
  { description: 'What happened in a minute, and how it stood; null when nobody looked' },
);

const kind = Type.Object({
  kind: Type.String(),
  running: amount,
  pending: nullable(Type.Integer({ minimum: 0, description: 'null when too many are Pending to tell' })),
  ended: amount,
  failed: amount,
});

const rule = Type.Object(
  {
    type: oneOf(['Concurency', 'Capacity']),
    status: StatusKind,
    kind: Type.String(),
    fields: Type.Array(Type.String()),
    values: anyJson('The value of each field; null when they are long'),
    occupancy: amount,
    limit: amount,
    waiting: Type.Integer({
      minimum: 0,
      maximum: 1000,
      description: 'Tasks it holds back, counted up to 1,000',
    }),
  },
  { description: 'A rule with the values that it is fullest for' },
);

const worker = Type.Object({
  id: uuid('The worker'),
  host: Type.String(),
  pid: Type.Integer(),
  started_at: timestamp('When it started'),
  lease_until: timestamp('When its lease runs out; in the past, it is gone'),
  claimed: Type.Integer({ minimum: 0, description: 'Tasks whose on_start it is calling' }),
  delivering: Type.Integer({ minimum: 0, description: 'Notifications that it is delivering' }),
});

export const OverviewDto = Type.Object(
  {
    now: timestamp('The time of the database'),
    sampled_at: nullable(timestamp('Of when the counts are')),
    series: Type.Array(minute, { description: 'The last 60 minutes, the oldest first' }),
    oldest_pending: nullable(
      Type.Object({
        id: uuid('The task'),
        name: Type.String(),
        kind: Type.String(),
        since: timestamp('When it became Pending, or last gave a sign of life'),
      }),
    ),
    kinds: Type.Array(kind, { maxItems: 20, description: 'The busiest; what ended, in the last hour' }),
    rules: Type.Array(rule, { maxItems: 20, description: 'The fullest, those first that hold tasks back' }),
    workers: Type.Array(worker, { maxItems: 100 }),
    deliveries: Type.Object({
      pending: amount,
      exhausted: Type.Integer({ minimum: 0, maximum: 10_000, description: 'Counted up to 10,000' }),
    }),
  },
  { description: 'What goes on in the whole fleet' },
);
export type OverviewDto = Static<typeof OverviewDto>;
