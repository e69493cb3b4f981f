import {
  createBatch,
  createBatchOnce,
  type CreatedBatch,
  type Database,
  type IdempotentCall,
  isCrowdedKind,
  type Once,
} from '@arcrun/database';
import type { Metrics, Tracing } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { ApiError } from './http/errors.ts';
import { refuseCrowdedKind } from './http/crowded-kind.ts';
import { answerAt, type DescribedTasks, type PlannedTasks } from './plan-tasks.ts';

export interface CreateTasksOptions {
  readonly database: Database;
  readonly doorbell: Doorbell;
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
}

export interface CreatedTasks {
  readonly batchId: string;
  /** JSON of the created tasks in input order; null when there is none. */
  readonly answer: string | Uint8Array | null;
}

/**
 * Writes a batch, then rings for the tasks that may start. With a key, once: the same call gets the same answer
 * again.
 */
export async function createTasks(
  planned: PlannedTasks,
  key: IdempotentCall | null,
  options: CreateTasksOptions,
): Promise<CreatedTasks> {
  const call = options.tracing?.current();
  call?.set({ 'arcrun.batch_id': planned.plan.id, 'arcrun.tasks': planned.size });
  const result = await write(planned, key, call?.traceparent ?? null, options).catch((error: unknown) => {
    if (!isCrowdedKind(error)) options.metrics.tasksDbSaveFailures.inc();
    refuseCrowdedKind(error);
  });
  switch (result.outcome) {
    case 'done':
      announce(planned, result.value, options);
      return { batchId: planned.plan.id, answer: result.answer };
    case 'repeated':
      call?.set({ 'arcrun.batch_id': result.batchId });
      return result;
    case 'conflict':
      throw new ApiError(422, 'The Idempotency-Key was used with another body', { code: 'key_reused' });
  }
}

async function write(
  { plan }: PlannedTasks,
  key: IdempotentCall | null,
  traceparent: string | null,
  { database }: CreateTasksOptions,
): Promise<Once<CreatedBatch<DescribedTasks>>> {
  const answerOf = async ({ createdAt, described: { answer } }: CreatedBatch<DescribedTasks>) =>
    answer === null ? null : answerAt(createdAt, plan.id, answer);
  if (key !== null) return createBatchOnce(database.db, key, plan, answerOf, traceparent);
  const value = await createBatch(database.db, plan, traceparent);
  return { outcome: 'done', value, answer: await answerOf(value) };
}

function announce(
  { size }: PlannedTasks,
  { described: { count, withParents }, pending, notified }: CreatedBatch<DescribedTasks>,
  { doorbell, metrics }: CreateTasksOptions,
): void {
  if (pending > 0) doorbell.ring('start');
  if (notified > 0) doorbell.ring('webhook');
  metrics.tasksCreated.inc(count);
  metrics.tasksDeduped.inc(size - count);
  metrics.batchInsertTasks.observe(count);
  metrics.tasksWithDependencies.inc(withParents);
  // A batch without tasks is complete at once.
  if (count === 0) metrics.batchesCompleted.inc();
}
