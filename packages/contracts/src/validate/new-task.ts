import { TIMEOUT_DEFAULT_SECS } from '../limits.ts';
import type { BatchLimits } from '../limits.ts';
import { Dependency, NewTaskDto } from '../schemas/new-task.ts';
import type { RetryDto } from '../schemas/retry.ts';
import type { Matcher, RuleDto } from '../schemas/rules.ts';
import type { ActionReader, NewAction } from './actions.ts';
import { checkShape, checkStorable, compileShape } from './check-shape.ts';
import type { ErrorList } from './error-list.ts';
import { clip, fieldPath } from './field-path.ts';
import { isJsonObject } from './lossless-json.ts';
import type { Json, JsonObject } from './lossless-json.ts';
import { readRetry } from './retry.ts';
import { readMatchers, readRules } from './rules.ts';
import { checkMetadata } from './user-json.ts';

/** A dependency by the index of the parent in the request. */
export type NewDependency = { readonly parent: number; readonly requiresSuccess: boolean };

/** A valid task of a request: nulls gone, defaults applied. */
export type NewTask = {
  readonly localId: string;
  readonly name: string;
  readonly kind: string;
  readonly timeoutSecs: number;
  /** Compact JSON text, as given. */
  readonly metadata: string | null;
  readonly priority: number;
  readonly expectedCount: number | null;
  readonly deadEndBarrier: boolean;
  readonly dependencies: NewDependency[];
  readonly onStart: NewAction;
  readonly onSuccess: readonly NewAction[];
  readonly onFailure: readonly NewAction[];
  /** In the shape in which rules are stored and answered. */
  readonly rules: readonly RuleDto[];
  readonly dedupe: readonly Matcher[];
  /** Null: one attempt. */
  readonly retry: RetryDto | null;
};

/** What all tasks of one request are read with. */
export type TaskReading = {
  readonly limits: BatchLimits;
  readonly actions: ActionReader;
  readonly errors: ErrorList;
};

/** The fields that have nothing inside. */
type TaskShell = Pick<
  NewTaskDto,
  'id' | 'name' | 'kind' | 'timeout' | 'priority' | 'expected_count' | 'dead_end_barrier'
>;
const validateTask = compileShape<TaskShell>(NewTaskDto);
const validateDependency = compileShape<Dependency>(Dependency);

/** Reads a list of actions; a value that is no list was listed by the shape. */
export function readActions(
  value: Json | undefined,
  field: string,
  { actions, errors }: TaskReading,
): NewAction[] {
  const list: NewAction[] = [];
  if (!Array.isArray(value)) return list;
  for (const [i, item] of value.entries()) {
    if (errors.isFull) break;
    const action = actions.read(item, fieldPath(field, i), errors);
    if (action !== null) list.push(action);
  }
  return list;
}

function lengthOf(value: Json | undefined): number {
  return Array.isArray(value) ? value.length : 0;
}

type TaskActions = Pick<NewTask, 'onSuccess' | 'onFailure'> & { readonly onStart: NewAction | null };

function readTaskActions(task: JsonObject, field: string, reading: TaskReading): TaskActions | null {
  const { on_start: start, on_success: success, on_failure: failure } = task;
  const { limits, errors, actions } = reading;
  const count = (start == null ? 0 : 1) + lengthOf(success) + lengthOf(failure);
  if (count > limits.maxActionsPerTask) {
    errors.add(
      field,
      `has ${count} actions; at most ${limits.maxActionsPerTask} are allowed, all triggers together`,
    );
    return null;
  }
  return {
    // Anything but an object was listed by the shape.
    onStart: isJsonObject(start) ? actions.read(start, `${field}.on_start`, errors) : null,
    onSuccess: lengthOf(success) === 0 ? [] : readActions(success, `${field}.on_success`, reading),
    onFailure: lengthOf(failure) === 0 ? [] : readActions(failure, `${field}.on_failure`, reading),
  };
}

/**
 * Reads one task, all but its dependencies: those need the ids of the whole request (see `readDependencies`).
 *
 * @returns the task with no dependencies yet, or null when errors were listed
 */
export function readTask(value: Json, field: string, reading: TaskReading): NewTask | null {
  const { errors } = reading;
  const before = errors.details.length;
  const shell = checkShape(validateTask, value, field, errors);
  if (!isJsonObject(value)) return null;
  const { id, name, kind } = value;
  if (typeof id === 'string') checkStorable(id, `${field}.id`, errors);
  if (typeof name === 'string') checkStorable(name, `${field}.name`, errors);
  if (typeof kind === 'string') checkStorable(kind, `${field}.kind`, errors);

  const metadata = checkMetadata(value['metadata'], `${field}.metadata`, errors);
  const actions = readTaskActions(value, field, reading);
  const carrier = {
    kind: typeof kind === 'string' ? kind : null,
    lacksExpectedCount: value['expected_count'] == null,
  };
  const rules = readRules(value['rules'], `${field}.rules`, carrier, errors);
  const dedupe = readMatchers(value['dedupe_strategy'], `${field}.dedupe_strategy`, errors);
  const retry = readRetry(value['retry'], `${field}.retry`, errors);
  if (errors.details.length > before || shell === null || actions?.onStart == null) return null;
  return {
    localId: shell.id,
    name: shell.name,
    kind: shell.kind,
    timeoutSecs: shell.timeout ?? TIMEOUT_DEFAULT_SECS,
    metadata,
    priority: shell.priority ?? 0,
    expectedCount: shell.expected_count ?? null,
    deadEndBarrier: shell.dead_end_barrier ?? false,
    dependencies: [],
    onStart: actions.onStart,
    onSuccess: actions.onSuccess,
    onFailure: actions.onFailure,
    rules,
    dedupe,
    retry,
  };
}

/**
 * Resolves the dependencies of the task at `index`.
 *
 * @param indexOf index by local id, for all tasks of the request
 */
export function readDependencies(
  value: Json | undefined,
  index: number,
  field: string,
  indexOf: ReadonlyMap<string, number>,
  { limits, errors }: TaskReading,
): NewDependency[] {
  if (!Array.isArray(value)) return [];
  if (value.length > limits.maxDepsPerTask) {
    errors.add(field, `must have at most ${limits.maxDepsPerTask} entries`);
    return [];
  }
  const dependencies: NewDependency[] = [];
  const parents = new Set<number>();
  for (const [i, item] of value.entries()) {
    if (errors.isFull) break;
    const dependency = checkShape(validateDependency, item, fieldPath(field, i), errors);
    if (dependency === null) continue;
    const { id, requires_success: requiresSuccess } = dependency;
    const parent = indexOf.get(id);
    if (parent === undefined || parent === index || parents.has(parent)) {
      errors.add(`${fieldPath(field, i)}.id`, dependencyFault(id, parent, index));
      continue;
    }
    parents.add(parent);
    dependencies.push({ parent, requiresSuccess });
  }
  return dependencies;
}

function dependencyFault(id: string, parent: number | undefined, index: number): string {
  if (parent === undefined) return `no task of the request has the id ${quote(id)}`;
  if (parent === index) return 'a task cannot depend on itself';
  return `the dependency on ${quote(id)} is there twice`;
}

/** An id of the request as an error message shows it. */
export function quote(id: string): string {
  return JSON.stringify(clip(id));
}
