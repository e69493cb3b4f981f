import { RETRY_DEFAULTS } from '../limits.ts';
import { NewRetryDto, type RetryDto } from '../schemas/retry.ts';
import { RETRY_CAUSES, type RetryCause } from '../statuses.ts';
import { checkShape, compileShape } from './check-shape.ts';
import type { ErrorList } from './error-list.ts';
import { fieldPath } from './field-path.ts';
import { isJsonObject } from './lossless-json.ts';
import type { Json } from './lossless-json.ts';

const validateRetry = compileShape<NewRetryDto>(NewRetryDto);

/** Reads a retry policy and fills in what was not given; null without one, or when errors were listed. */
export function readRetry(value: Json | undefined, field: string, errors: ErrorList): RetryDto | null {
  // Anything else was listed by the shape of the task.
  if (!isJsonObject(value)) return null;
  const before = errors.details.length;
  const dto = checkShape(validateRetry, value, field, errors);
  const given = value['on'];
  const causes: readonly unknown[] = Array.isArray(given) ? given : RETRY_DEFAULTS.on;
  for (const [index, cause] of causes.entries()) {
    if (errors.isFull) break;
    if (!RETRY_CAUSES.includes(cause as RetryCause))
      errors.add(fieldPath(`${field}.on`, index), `must be one of ${RETRY_CAUSES.join(', ')}`);
  }
  if (dto === null || errors.details.length > before) return null;
  return {
    max_attempts: dto.max_attempts ?? RETRY_DEFAULTS.max_attempts,
    backoff_secs: dto.backoff_secs ?? RETRY_DEFAULTS.backoff_secs,
    backoff_factor: dto.backoff_factor ?? RETRY_DEFAULTS.backoff_factor,
    max_backoff_secs: dto.max_backoff_secs ?? RETRY_DEFAULTS.max_backoff_secs,
    jitter: dto.jitter ?? RETRY_DEFAULTS.jitter,
    on: RETRY_CAUSES.filter((cause) => causes.includes(cause)),
  };
}
