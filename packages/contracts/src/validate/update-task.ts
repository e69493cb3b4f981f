import { FAILURE_REASON_MAX } from '../limits.ts';
import { UpdateCountersDto, UpdateTaskDto } from '../schemas/update-task.ts';
import type { ReportedStatus } from '../statuses.ts';
import { checkShape, checkStorable, compileShape } from './check-shape.ts';
import { ErrorList } from './error-list.ts';
import type { Invalid } from './error-list.ts';
import { isJsonObject } from './lossless-json.ts';
import type { Json } from './lossless-json.ts';
import { checkMetadata } from './user-json.ts';

/** What a `PATCH /task/{id}` asks for; null and 0 mean that the field was not given. */
export type TaskUpdate = {
  readonly status: ReportedStatus | null;
  /** Given exactly when `status` is Failure. */
  readonly failureReason: string | null;
  readonly retryable: boolean;
  readonly newSuccess: number;
  readonly newFailures: number;
  /** Compact JSON text. */
  readonly metadata: string | null;
  readonly expectedCount: number | null;
  readonly priority: number | null;
};

/** What a `PUT /task/{id}` adds; never both zero. */
export type CounterUpdate = { readonly newSuccess: number; readonly newFailures: number };

const validateUpdate = compileShape<UpdateTaskDto>(UpdateTaskDto);
const validateCounters = compileShape<UpdateCountersDto>(UpdateCountersDto);

/** Reads the body of `PATCH /task/{id}`. */
export function parseUpdateTask(value: Json): { readonly ok: true; readonly update: TaskUpdate } | Invalid {
  const errors = new ErrorList();
  const dto = checkShape(validateUpdate, value, '', errors);
  if (!isJsonObject(value)) return { ok: false, details: errors.details };
  const isFailure = value['status'] === 'Failure';
  const reason = value['failure_reason'] ?? null;
  if (isFailure && reason === null) errors.add('failure_reason', 'is required when status is Failure');
  if (isFailure && typeof reason === 'string') checkStorable(reason, 'failure_reason', errors);
  const metadata = checkMetadata(value['metadata'], 'metadata', errors);
  if (dto === null || !errors.isEmpty) return { ok: false, details: errors.details };
  const failureReason = isFailure ? (dto.failure_reason ?? null) : null;
  return {
    ok: true,
    update: {
      status: dto.status ?? null,
      failureReason: failureReason === null ? null : cutReason(failureReason),
      retryable: dto.retryable ?? true,
      newSuccess: dto.new_success ?? 0,
      newFailures: dto.new_failures ?? 0,
      metadata,
      expectedCount: dto.expected_count ?? null,
      priority: dto.priority ?? null,
    },
  };
}

function cutReason(text: string): string {
  if (text.length <= FAILURE_REASON_MAX) return text;
  // Half a character may be left at the end.
  return `${text.slice(0, FAILURE_REASON_MAX - 1).toWellFormed()}…`;
}

/** Reads the body of `PUT /task/{id}`. */
export function parseCounters(
  value: Json,
): { readonly ok: true; readonly counters: CounterUpdate } | Invalid {
  if (!validateCounters(value)) {
    const errors = new ErrorList();
    checkShape(validateCounters, value, '', errors);
    return { ok: false, details: errors.details };
  }
  const newSuccess = value.new_success ?? 0;
  const newFailures = value.new_failures ?? 0;
  if (newSuccess === 0 && newFailures === 0) {
    return { ok: false, details: ['new_success: new_success and new_failures must not both be zero'] };
  }
  return { ok: true, counters: { newSuccess, newFailures } };
}
