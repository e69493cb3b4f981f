import type { BasicTaskDto, BatchLimits, Json, NewBatch } from '@arcrun/contracts';
import { notBuilt as findNotBuilt, parseNewBatch } from '@arcrun/contracts';
import { createBatch, type CreatedBatch, type Database, type InsertedBatch } from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { invalid, notBuilt } from './http/errors.ts';
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
  /** In input order. */
  readonly tasks: readonly BasicTaskDto[];
}

/** Validates, plans and writes a batch, then rings for the tasks that may start. */
export async function createTasks(body: Json, options: CreateTasksOptions): Promise<CreatedTasks> {
  const { database, doorbell, metrics, limits } = options;
  const parsed = parseNewBatch(body, limits);
  if (!parsed.ok) throw invalid(parsed.details);
  const missing = findNotBuilt(parsed.batch, new Set(['rules']));
  if (missing.length > 0) throw notBuilt(missing.map((field) => `${field}: is not built yet`));

  const batch = toInsertedBatch(parsed.batch);
  const created = await createBatch(database.db, batch).catch((error: unknown) => {
    metrics.tasksDbSaveFailures.inc();
    refuseCrowdedKind(error);
  });
  if (created.pending > 0) doorbell.ring('start');
  if (created.notified > 0) doorbell.ring('webhook');
  metrics.tasksCreated.inc(batch.tasks.length);
  metrics.batchInsertTasks.observe(batch.tasks.length);
  metrics.tasksWithDependencies.inc(batch.tasks.filter((task) => task.parents.length > 0).length);
  return { batchId: batch.id, tasks: batch.tasks.map((task) => toBasicTask(task, batch.id, created)) };
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
    })),
  };
}

function toBasicTask(
  task: InsertedBatch['tasks'][number],
  batchId: string,
  created: CreatedBatch,
): BasicTaskDto {
  return {
    id: task.id,
    name: task.name,
    kind: task.kind,
    status: task.parents.length > 0 ? 'Waiting' : 'Pending',
    created_at: created.createdAt,
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
