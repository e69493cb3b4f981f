import type { BatchLimits } from '../limits.ts';
import { NewBatchDto } from '../schemas/new-batch.ts';
import { ActionReader } from './actions.ts';
import type { NewAction } from './actions.ts';
import { checkShape, checkStorable, compileShape } from './check-shape.ts';
import { ErrorList } from './error-list.ts';
import type { Invalid } from './error-list.ts';
import { fieldPath } from './field-path.ts';
import { isJsonObject } from './lossless-json.ts';
import type { Json, JsonObject } from './lossless-json.ts';
import { quote, readActions, readDependencies, readTask } from './new-task.ts';
import type { NewTask, TaskReading } from './new-task.ts';
import { describeCycle, findCycle, topologicalOrder } from './task-graph.ts';
import { checkMetadata } from './user-json.ts';

/** A valid request to create a batch, ready to be stored. */
export type NewBatch = {
  /** Whether it was posted as an object, not as a bare array. */
  readonly isObject: boolean;
  readonly scope: string | null;
  /** Compact JSON text, as given. */
  readonly metadata: string | null;
  readonly onBatchComplete: readonly NewAction[];
  /** In the order of the request. */
  readonly tasks: readonly NewTask[];
  /** Indexes into `tasks`, parents before children. */
  readonly order: readonly number[];
};

const validateBatch = compileShape<Pick<NewBatchDto, 'scope'>>(NewBatchDto);

function idOf(task: Json | undefined): string | null {
  const id = isJsonObject(task) ? task['id'] : null;
  return typeof id === 'string' ? id : null;
}

/** The index of each local id; the first of equal ones counts, the others are listed. */
function indexIds(tasks: readonly Json[], errors: ErrorList): Map<string, number> {
  const indexOf = new Map<string, number>();
  for (const [i, task] of tasks.entries()) {
    if (errors.isFull) break;
    const id = idOf(task);
    if (id === null) continue;
    const first = indexOf.get(id);
    if (first === undefined) indexOf.set(id, i);
    else errors.add(`tasks[${i}].id`, `the id ${quote(id)} is also that of tasks[${first}]`);
  }
  return indexOf;
}

type Plan = { readonly tasks: readonly NewTask[]; readonly order: readonly number[] };

/** Reads all tasks and their graph; null when errors were listed. */
function readTasks(values: readonly Json[], reading: TaskReading): Plan | null {
  const { errors, limits } = reading;
  if (values.length > limits.maxTasksPerBatch) {
    errors.add('tasks', `must have at most ${limits.maxTasksPerBatch} entries`);
    return null;
  }
  const indexOf = indexIds(values, errors);
  const tasks: NewTask[] = [];
  const parents: number[][] = [];
  for (const [i, value] of values.entries()) {
    if (errors.isFull) return null;
    const field = fieldPath('tasks', i);
    const task = readTask(value, field, reading);
    const links = isJsonObject(value) ? value['dependencies'] : undefined;
    const dependencies = readDependencies(links, i, `${field}.dependencies`, indexOf, reading);
    parents.push(dependencies.map(({ parent }) => parent));
    if (task === null) continue;
    task.dependencies.push(...dependencies);
    tasks.push(task);
  }
  const order = topologicalOrder(parents);
  const cycle = findCycle(parents, order);
  if (cycle !== null) {
    // Whatever is in a cycle was found by its id.
    const nameOf = (index: number): string => String(idOf(values[index]));
    errors.add(
      `tasks[${cycle[0]}].dependencies`,
      `the dependencies form a cycle: ${describeCycle(cycle, nameOf)}`,
    );
  }
  return errors.isEmpty ? { tasks, order } : null;
}

function readBatchActions(batch: JsonObject, reading: TaskReading): NewAction[] {
  const value = batch['on_batch_complete'];
  const max = reading.limits.maxActionsPerTask;
  if (Array.isArray(value) && value.length > max) {
    reading.errors.add('on_batch_complete', `must have at most ${max} entries`);
    return [];
  }
  return readActions(value, 'on_batch_complete', reading);
}

/**
 * Reads the body of `POST /task`, the array or the object form. All errors are listed, up to the hundredth, where
 * the work stops.
 */
export function parseNewBatch(
  value: Json,
  limits: BatchLimits,
): { readonly ok: true; readonly batch: NewBatch } | Invalid {
  const errors = new ErrorList();
  const reading: TaskReading = { limits, errors, actions: new ActionReader(limits) };
  const isObject = !Array.isArray(value);
  if (isObject && !isJsonObject(value)) {
    return { ok: false, details: ['body: must be an array of tasks or an object with tasks'] };
  }
  const batch: JsonObject = isObject ? value : { tasks: value };
  const scope = checkShape(validateBatch, batch, '', errors)?.scope ?? null;
  if (scope !== null) checkStorable(scope, 'scope', errors);
  const metadata = checkMetadata(batch['metadata'], 'metadata', errors);
  const onBatchComplete = readBatchActions(batch, reading);
  const plan = Array.isArray(batch['tasks']) ? readTasks(batch['tasks'], reading) : null;
  if (plan === null || !errors.isEmpty) return { ok: false, details: errors.details };
  return { ok: true, batch: { isObject, scope, metadata, onBatchComplete, ...plan } };
}
