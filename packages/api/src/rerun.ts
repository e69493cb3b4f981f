import { findAnswer, planRerun, rerunBatch, type RerunPlan } from '@arcrun/database';
import type { NewRerunBody } from './bodies/readers.ts';
import type { CreateTasksOptions } from './create-tasks.ts';
import { refuseCrowdedKind } from './http/crowded-kind.ts';
import { ApiError, notFound } from './http/errors.ts';
import { uuidsV7 } from './uuid-v7.ts';

export type RerunAnswer =
  | { readonly outcome: 'planned'; readonly plan: Pick<FinishedPlan, 'tasks' | 'skipped'> }
  | { readonly outcome: 'nothing' }
  /** answer: JSON of the new tasks. */
  | { readonly outcome: 'created'; readonly batchId: string; readonly answer: string };

type FinishedPlan = Extract<RerunPlan, { state: 'finished' }>;

/**
 * Runs tasks of a finished batch again, in a new one; with `isDryRun` it only tells which.
 *
 * @param key makes it happen once
 * @throws ApiError 400, 404, 409, 422
 */
export async function rerun(
  batchId: string,
  { asked: { only, isDryRun }, bodyHash }: NewRerunBody,
  key: string | null,
  { database, doorbell, metrics, tracing }: CreateTasksOptions,
): Promise<RerunAnswer> {
  const once =
    key === null ? null : { call: `POST /batch/${batchId}/rerun`, key, bodyHash: Buffer.from(bodyHash) };
  // The batch may be in the archive since the first call.
  const known = once === null || isDryRun ? null : await findAnswer(database.db, once);
  if (known !== null) return toAnswer(known);
  const plan = requireFinished(await planRerun(database.db, batchId, only === 'all'));
  if (isDryRun) return { outcome: 'planned', plan: { tasks: plan.tasks, skipped: plan.skipped } };
  if (plan.tasks.length === 0) return { outcome: 'nothing' };
  // Ids grow in topological order, so that parents lock before their children; the new ones do as the old ones did.
  const tasks = plan.tasks.map(({ id }) => id).toSorted();
  const [newBatchId, ...newTasks] = uuidsV7(tasks.length + 1);
  const call = tracing?.current();
  call?.set({ 'arcrun.batch_id': newBatchId!, 'arcrun.tasks': tasks.length });
  const result = await rerunBatch(
    database.db,
    { batchId, tasks, newBatchId: newBatchId!, newTasks, traceparent: call?.traceparent ?? null },
    once,
  ).catch(refuseCrowdedKind);
  if (result === null) throw archived();
  if (result.outcome !== 'done') return toAnswer(result);
  const { pending, withParents, tasks: answer } = result.value;
  if (pending > 0) doorbell.ring('start');
  metrics.tasksCreated.inc(tasks.length);
  metrics.batchInsertTasks.observe(tasks.length);
  metrics.tasksWithDependencies.inc(withParents);
  return { outcome: 'created', batchId: newBatchId!, answer };
}

/** @throws ApiError 422 */
function toAnswer(known: NonNullable<Awaited<ReturnType<typeof findAnswer>>>): RerunAnswer {
  if (known.outcome === 'conflict')
    throw new ApiError(422, 'The Idempotency-Key was used with another body', { code: 'key_reused' });
  return { outcome: 'created', batchId: known.batchId, answer: known.answer! };
}

function requireFinished(plan: RerunPlan | null): FinishedPlan {
  if (plan === null) throw notFound('Batch');
  if (plan.state === 'archived') throw archived();
  if (plan.state === 'unfinished')
    throw new ApiError(409, 'The batch has not finished: tasks of it are still to end', {
      code: 'wrong_state',
    });
  if (plan.total === 0) throw new ApiError(409, 'The batch has no tasks', { code: 'wrong_state' });
  return plan;
}

const archived = (): ApiError =>
  new ApiError(409, 'The batch is in the archive, where its calls are not kept', { code: 'archived' });
