import type { BasicTaskDto, BatchLimits, Json, NewBatch } from '@arcrun/contracts';
import { parseNewBatch } from '@arcrun/contracts';
import {
  type BatchPlan,
  type InsertedBatch,
  type InsertedTask,
  inSlices,
  planBatch,
  toJsonList,
} from '@arcrun/database';
import { invalid } from './http/errors.ts';
import { uuidsV7 } from './uuid-v7.ts';

/** A batch that is ready to be written. */
export interface PlannedTasks {
  readonly plan: BatchPlan<DescribedTasks>;
  /** How many tasks the request has, duplicates included. */
  readonly size: number;
}

/** What is known of the tasks that are written. */
export interface DescribedTasks {
  readonly count: number;
  readonly withParents: number;
  /** JSON of the tasks in input order, with a mark of {@link markOf} where their time goes; null when there is none. */
  readonly answer: Uint8Array<ArrayBuffer> | null;
}

/**
 * The answer, when the tasks have been created. Works on bytes, and on few of them at a time, since it may be long and
 * others wait meanwhile.
 */
export async function answerAt(createdAt: string, batchId: string, answer: Uint8Array): Promise<Buffer> {
  const mark = markOf(batchId);
  const time = Buffer.from(createdAt);
  if (time.length !== mark.length) throw new Error(`${createdAt} does not fit in its place`);
  const bytes = Buffer.allocUnsafe(answer.length);
  let copied = 0;
  let from = 0;
  for await (const slice of inSlices(answer)) {
    bytes.set(slice, copied);
    copied += slice.length;
    const soFar = bytes.subarray(0, copied);
    for (let at = soFar.indexOf(mark, from); at !== -1; at = soFar.indexOf(mark, from)) {
      bytes.set(time, at);
      from = at + mark.length;
    }
    // The last mark may go on in the next slice.
    from = Math.max(from, copied - mark.length + 1);
  }
  return bytes;
}

const TIME_LENGTH = '2026-01-02T03:04:05.678901Z'.length;

/** Stands for the time, which the database tells. No request can hold it, since the id is younger than that. */
const markOf = (batchId: string): string => batchId.replaceAll('-', '').slice(-TIME_LENGTH);

/**
 * Reads the body of a new batch.
 *
 * @throws ApiError 400
 */
export function readNewBatch(body: Json, limits: BatchLimits): NewBatch {
  const parsed = parseNewBatch(body, limits);
  if (!parsed.ok) throw invalid(parsed.details);
  return parsed.batch;
}

/** Plans a batch. Nothing here waits for anything, so it may be done in any thread. */
export function planTasks(newBatch: NewBatch): PlannedTasks {
  const batch = toInsertedBatch(newBatch);
  return { plan: planBatch(batch, (tasks) => describe(tasks, batch.id)), size: batch.tasks.length };
}

/** Gives ids to the tasks, in topological order: parents lock before their children. */
function toInsertedBatch(batch: NewBatch): InsertedBatch {
  const [batchId, ...ids] = uuidsV7(batch.tasks.length + 1);
  const idOf = Array.from({ length: batch.tasks.length }, () => '');
  for (const [turn, index] of batch.order.entries()) idOf[index] = ids[turn]!;
  return {
    id: batchId!,
    postedAsObject: batch.isObject,
    scope: batch.scope,
    metadata: batch.metadata,
    onComplete: batch.onBatchComplete,
    tasks: batch.tasks.map((task, position) => ({
      id: idOf[position]!,
      position,
      name: task.name,
      kind: task.kind,
      timeoutSecs: task.timeoutSecs,
      priority: task.priority,
      expectedCount: task.expectedCount,
      deadEndBarrier: task.deadEndBarrier,
      metadata: task.metadata,
      parents: task.dependencies.map(({ parent, requiresSuccess }) => ({
        id: idOf[parent]!,
        requiresSuccess,
      })),
      onStart: task.onStart,
      onSuccess: task.onSuccess,
      onFailure: task.onFailure,
      rules: task.rules,
      dedupe: task.dedupe,
      maxAttempts: task.retry?.max_attempts ?? 1,
      retry: task.retry === null ? null : JSON.stringify(task.retry),
    })),
  };
}

function describe(tasks: readonly InsertedTask[], batchId: string): DescribedTasks {
  return {
    count: tasks.length,
    withParents: tasks.filter((task) => task.parents.length > 0).length,
    answer: tasks.length === 0 ? null : toAnswer(tasks, batchId),
  };
}

function toAnswer(tasks: readonly InsertedTask[], batchId: string): Uint8Array<ArrayBuffer> {
  const createdAt = markOf(batchId);
  return toJsonList(tasks, (task) => JSON.stringify(toBasicTask(task, batchId, createdAt)));
}

function toBasicTask(task: InsertedTask, batchId: string, createdAt: string): BasicTaskDto {
  return {
    id: task.id,
    name: task.name,
    kind: task.kind,
    status: task.parents.length > 0 ? 'Waiting' : 'Pending',
    created_at: createdAt,
    started_at: null,
    success: 0,
    failures: 0,
    expected_count: task.expectedCount,
    ended_at: null,
    batch_id: batchId,
    dead_end_barrier: task.deadEndBarrier,
    priority: task.priority,
    attempt: 1,
    max_attempts: task.maxAttempts,
    rerun_of: null,
  };
}
