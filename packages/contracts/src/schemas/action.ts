import { Type } from 'typebox';
import type { Static } from 'typebox';
import { HEADERS_MAX, URL_MAX_BYTES } from '../limits.ts';
import { REPORTED_STATUSES, TASK_TRIGGERS, VERBS } from '../statuses.ts';
import { anyJson, oneOf, optional } from './building-blocks.ts';

export const WebhookParams = Type.Object(
  {
    url: Type.String({ minLength: 1, description: `http or https, up to ${URL_MAX_BYTES} bytes` }),
    verb: oneOf(VERBS),
    body: Type.Optional(anyJson('Any JSON; sent with every verb. Absent or null: no body is sent')),
    headers: optional(Type.Record(Type.String(), Type.String(), { maxProperties: HEADERS_MAX }), {
      description: 'Sent as given; cannot replace the headers that ArcRun sets',
    }),
  },
  { description: 'The call itself: at most 256 KiB in all' },
);
export type WebhookParams = Static<typeof WebhookParams>;

export const NewActionDto = Type.Object(
  { kind: oneOf(['Webhook']), params: WebhookParams },
  { description: 'A webhook call' },
);
export type NewActionDto = Static<typeof NewActionDto>;

export const ActionDto = Type.Object(
  {
    kind: oneOf(['Webhook']),
    trigger: oneOf(TASK_TRIGGERS),
    condition: Type.Optional(oneOf(REPORTED_STATUSES)),
    params: WebhookParams,
  },
  { description: 'A webhook call of a task, and what triggers it' },
);
export type ActionDto = Static<typeof ActionDto>;
