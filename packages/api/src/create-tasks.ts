import type { BasicTaskDto, BatchLimits, Json, NewBatch } from '@arcrun/contracts';
import { notBuilt as findNotBuilt, parseNewBatch } from '@arcrun/contracts';
import {
  createBatch,
  createBatchOnce,
  type CreatedBatch,
  type Database,
  type IdempotentCall,
  type InsertedBatch,
  type Once,
} from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { ApiError, invalid, notBuilt } from './http/errors.ts';
import { refuseCrowdedKind } from './http/crowded-kind.ts';
import { uuidsV7 } from './uuid-v7.ts';

export interface CreateTasksOptions {
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  readonly limits: BatchLimits;
}

export interface CreatedTasks {
  readonly batchId: string;
  /** JSON of the created tasks in input order; null when there is none. */
  readonly answer: string | null;
}

/**
 * Validates, plans and writes a batch, then rings for the tasks that may start. With a key, once: the same call gets
 * the same answer again.
 */
export async function createTasks(
  body: Json,
  key: IdempotentCall | null,
  options: CreateTasksOptions,
): Promise<CreatedTasks> {
  const parsed = parseNewBatch(body, options.limits);
  if (!parsed.ok) throw invalid(parsed.details);
  const missing = findNotBuilt(body);
  if (missing.length > 0) throw notBuilt(missing.map((field) => `${field}: is not built yet`));

  const batch = toInsertedBatch(parsed.batch);
  const result = await write(batch, key, options).catch((error: unknown) => {
    options.metrics.tasksDbSaveFailures.inc();
    refuseCrowdedKind(error);
  });
  switch (result.outcome) {
    case 'done':
      announce(batch, result.value, options);
      return { batchId: batch.id, answer: result.answer };
    case 'repeated':
      return result;
    case 'conflict':
      throw new ApiError(422, 'The Idempotency-Key was used with another body', { code: 'key_reused' });
  }
}

async function write(
  batch: InsertedBatch,
  key: IdempotentCall | null,
  { database }: CreateTasksOptions,
): Promise<Once<CreatedBatch>> {
  const answerOf = (created: CreatedBatch) => toAnswer(batch.id, created);
  if (key !== null) return createBatchOnce(database.db, key, batch, answerOf);
  const value = await createBatch(database.db, batch);
  return { outcome: 'done', value, answer: answerOf(value) };
}

function announce(
  batch: InsertedBatch,
  { tasks, pending, notified }: CreatedBatch,
  { doorbell, metrics }: CreateTasksOptions,
): void {
  if (pending > 0) doorbell.ring('start');
  if (notified > 0) doorbell.ring('webhook');
  metrics.tasksCreated.inc(tasks.length);
  metrics.tasksDeduped.inc(batch.tasks.length - tasks.length);
  metrics.batchInsertTasks.observe(tasks.length);
  metrics.tasksWithDependencies.inc(tasks.filter((task) => task.parents.length > 0).length);
}

function toAnswer(batchId: string, created: CreatedBatch): string | null {
  if (created.tasks.length === 0) return null;
  return JSON.stringify(created.tasks.map((task) => toBasicTask(task, batchId, created.createdAt)));
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
    })),
  };
}

function toBasicTask(task: InsertedBatch['tasks'][number], batchId: string, createdAt: string): BasicTaskDto {
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
  };
}
