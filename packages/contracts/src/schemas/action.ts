import { Type } from 'typebox';
import type { Static } from 'typebox';
import { BACKOFF_MAX_SECS, CALL_ATTEMPTS_MAX, HEADERS_MAX, URL_MAX_BYTES } from '../limits.ts';
import { REPORTED_STATUSES, TASK_TRIGGERS, VERBS } from '../statuses.ts';
import { anyJson, nullable, oneOf, optional } from './building-blocks.ts';

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

export const ActionRetryDto = Type.Object(
  {
    max_attempts: optional(Type.Integer({ minimum: 1, maximum: CALL_ATTEMPTS_MAX }), {
      description: 'How often it is called, at most; by default once for on_start, else as the settings say',
    }),
    backoff_secs: optional(Type.Number({ minimum: 0, maximum: BACKOFF_MAX_SECS }), {
      description: 'The first pause between calls, doubled each time; by default as the settings say',
    }),
  },
  {
    description:
      'How a call that failed is made again. That of on_start is, within one attempt of the task, after no answer, a 429 or a 5xx',
  },
);
export type ActionRetryDto = Static<typeof ActionRetryDto>;

export const NewActionDto = Type.Object(
  { kind: oneOf(['Webhook']), params: WebhookParams, retry: optional(ActionRetryDto) },
  { description: 'A webhook call' },
);
export type NewActionDto = Static<typeof NewActionDto>;

export const ActionDto = Type.Object(
  {
    kind: oneOf(['Webhook']),
    trigger: oneOf(TASK_TRIGGERS),
    condition: Type.Optional(oneOf(REPORTED_STATUSES)),
    params: WebhookParams,
    retry: Type.Optional(ActionRetryDto),
    failure_count: Type.Integer({ minimum: 0, description: 'How many calls of it have failed' }),
    last_error: nullable(Type.String({ description: 'How the last of them did' })),
  },
  { description: 'A webhook call of a task, and what triggers it' },
);
export type ActionDto = Static<typeof ActionDto>;
