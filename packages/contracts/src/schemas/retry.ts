import { Type } from 'typebox';
import type { Static } from 'typebox';
import { BACKOFF_MAX_SECS, RETRY_ATTEMPTS_MAX, RETRY_DEFAULTS } from '../limits.ts';
import { RETRY_CAUSES } from '../statuses.ts';
import { oneOf, optional } from './building-blocks.ts';

const fields = {
  max_attempts: Type.Integer({ minimum: 1, maximum: RETRY_ATTEMPTS_MAX }),
  backoff_secs: Type.Number({ minimum: 0 }),
  backoff_factor: Type.Number({ minimum: 1, maximum: 10 }),
  max_backoff_secs: Type.Number({ minimum: 1, maximum: BACKOFF_MAX_SECS }),
  jitter: Type.Boolean(),
  on: Type.Array(oneOf(RETRY_CAUSES), { minItems: 1 }),
};

export const NewRetryDto = Type.Object(
  {
    max_attempts: optional(fields.max_attempts, {
      default: RETRY_DEFAULTS.max_attempts,
      description: 'The first one included',
    }),
    backoff_secs: optional(fields.backoff_secs, {
      default: RETRY_DEFAULTS.backoff_secs,
      description: 'Seconds from the first failure to the second attempt',
    }),
    backoff_factor: optional(fields.backoff_factor, {
      default: RETRY_DEFAULTS.backoff_factor,
      description: 'How many times longer each further wait is',
    }),
    max_backoff_secs: optional(fields.max_backoff_secs, {
      default: RETRY_DEFAULTS.max_backoff_secs,
      description: 'No wait is longer',
    }),
    jitter: optional(fields.jitter, {
      default: RETRY_DEFAULTS.jitter,
      description: 'Whether each wait is a random part of that',
    }),
    on: optional(fields.on, {
      default: RETRY_DEFAULTS.on,
      description: 'Which failures are tried again: reported by the client, by timeout, of on_start',
    }),
  },
  { description: 'When a task is tried again after an attempt that failed' },
);
export type NewRetryDto = Static<typeof NewRetryDto>;

export const RetryDto = Type.Object(fields, { description: 'A policy with its defaults' });
export type RetryDto = Static<typeof RetryDto>;
