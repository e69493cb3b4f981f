import type { Attempt, Json, NewAction, NewTask, RetryPolicy, Rule, StatusKind, Task } from '@arcrun/client';
import { isDeepStrictEqual } from 'node:util';

/** A task of the reference engine. */
export interface ReferenceTask {
  readonly id: string;
  readonly batchId: string;
  readonly position: number;
  readonly given: NewTask;
  readonly parents: readonly { readonly id: string; readonly requiresSuccess: boolean }[];
  readonly createdAt: string;
  status: StatusKind;
  startedAt: string | null;
  endedAt: string | null;
  lastUpdated: string;
  /** When it was last heard of, in virtual time. */
  heardOfMs: number;
  reason: string | null;
  success: number;
  failures: number;
  expectedCount: number | null;
  priority: number;
  metadata: Json;
  rules: readonly Rule[];
  claim: number;
  /** The current one, from 1, and those that failed before. */
  attempt: number;
  retried: Attempt[];
  /** It may not be claimed before, in virtual time. */
  notBeforeMs: number;
  cancelAction: NewAction | null;
  /** The on_start of its attempt is on its way or not answered. */
  isCalling: boolean;
}

export const isOpen = ({ status }: ReferenceTask): boolean =>
  !['Success', 'Failure', 'Canceled'].includes(status);

const fieldOf = (metadata: Json, field: string): Json | undefined =>
  metadata !== null && typeof metadata === 'object' && !Array.isArray(metadata) ? metadata[field] : undefined;

/** Whether a task is of the kind, and equal to some metadata in the fields. */
export function matches(
  task: { readonly kind: string; readonly metadata: Json },
  { kind, fields }: { readonly kind: string; readonly fields: readonly string[] },
  metadata: Json,
): boolean {
  return (
    task.kind === kind &&
    fields.every((field) => isDeepStrictEqual(fieldOf(task.metadata, field), fieldOf(metadata, field)))
  );
}

export const hasFields = (metadata: Json, fields: readonly string[]): boolean =>
  fields.every((field) => fieldOf(metadata, field) !== undefined);

const workOf = ({ expectedCount, success, failures }: ReferenceTask): number =>
  Math.max(0, (expectedCount ?? 0) - success - failures);

/** Whether a rule allows its carrier to start, as things are. */
export function allows(rule: Rule, carrier: ReferenceTask, tasks: Iterable<ReferenceTask>): boolean {
  const { matcher } = rule;
  if (!hasFields(carrier.metadata, matcher.fields)) return false;
  const counted = [...tasks].filter(
    (task) =>
      task !== carrier &&
      matches({ kind: task.given.kind, metadata: task.metadata }, matcher, carrier.metadata) &&
      (matcher.status === 'Running'
        ? task.status === 'Claimed' || task.status === 'Running'
        : task.status === matcher.status),
  );
  if (rule.type === 'Capacity') {
    const work = counted.reduce((sum, task) => sum + workOf(task), 0);
    return carrier.expectedCount !== null && work < rule.max_capacity;
  }
  const isOwnKind = matcher.kind === carrier.given.kind;
  return isOwnKind ? counted.length < rule.max_concurency : counted.length <= rule.max_concurency;
}

/** By priority, then age, then position in the request. */
export function compareTurns(one: ReferenceTask, other: ReferenceTask): number {
  if (one.priority !== other.priority) return other.priority - one.priority;
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? -1 : 1;
  return one.position - other.position;
}

const RETRY_DEFAULTS = {
  max_attempts: 1,
  backoff_secs: 2,
  backoff_factor: 2,
  max_backoff_secs: 300,
  jitter: true,
  on: ['failure', 'timeout', 'start'],
} satisfies RetryPolicy;

/** Null for a task that has one attempt. */
export const policyOf = ({ given: { retry } }: ReferenceTask): RetryPolicy | null =>
  retry === undefined ? null : { ...RETRY_DEFAULTS, ...retry };

/** The attempt that a task is in, as it is told when it is over. */
export function currentAttempt(task: ReferenceTask, status: StatusKind, reason: string | null): Attempt {
  const { attempt, startedAt, endedAt, success, failures } = task;
  return {
    attempt,
    started_at: startedAt,
    ended_at: endedAt!,
    status,
    failure_reason: reason,
    success,
    failures,
  };
}

export function toTask(task: ReferenceTask): Task {
  const { given } = task;
  const retry = policyOf(task);
  const isOver = retry !== null && !isOpen(task);
  return {
    id: task.id,
    name: given.name,
    kind: given.kind,
    status: task.status,
    created_at: task.createdAt,
    started_at: task.startedAt,
    success: task.success,
    failures: task.failures,
    expected_count: task.expectedCount,
    ended_at: task.endedAt,
    batch_id: task.batchId,
    dead_end_barrier: given.dead_end_barrier ?? false,
    priority: task.priority,
    timeout: given.timeout ?? 60,
    rules: [...task.rules],
    metadata: task.metadata,
    actions: [],
    last_updated: task.lastUpdated,
    failure_reason: task.reason,
    attempt: task.attempt,
    max_attempts: retry?.max_attempts ?? 1,
    rerun_of: null,
    retry,
    next_attempt_at: null,
    attempts: isOver ? [...task.retried, currentAttempt(task, task.status, task.reason)] : [...task.retried],
  };
}
