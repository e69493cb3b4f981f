import { type Kysely, sql } from 'kysely';
import type { BatchPlan, BatchWrite } from '../batch-plan.ts';
import { lookForDuplicates, registerDedupeShapes } from '../dedupe.ts';
import { retryConflicts } from '../failures.ts';
import { type Answer, type IdempotentCall, type Once, once } from '../idempotency.ts';
import { commitKnown } from '../known-commit.ts';
import type { Schema } from '../schema.ts';

export interface CreatedBatch<T> {
  /** RFC 3339. */
  readonly createdAt: string;
  /** How many of its tasks may start at once. */
  readonly pending: number;
  readonly notified: number;
  /** What the plan says of the tasks that were created. */
  readonly described: T;
}

/**
 * Writes a batch without the tasks that are duplicates, or nothing of it.
 *
 * @param traceparent of the request that creates it
 */
export async function createBatch<T>(
  db: Kysely<Schema>,
  plan: BatchPlan<T>,
  traceparent: string | null = null,
): Promise<CreatedBatch<T>> {
  if (plan.search === null) return retryConflicts(() => writeBatch(db, plan.write, traceparent));
  await registerDedupeShapes(db, plan.search);
  return commitKnown(db, (trx) => carryOut(trx, plan, traceparent));
}

/**
 * The same, once for each key: the answer is kept in the same transaction, so that whoever asks again gets it.
 *
 * @param answerOf the body of the answer
 */
export async function createBatchOnce<T>(
  db: Kysely<Schema>,
  call: IdempotentCall,
  plan: BatchPlan<T>,
  answerOf: (created: CreatedBatch<T>) => Answer | null,
  traceparent: string | null = null,
): Promise<Once<CreatedBatch<T>>> {
  if (plan.search !== null) await registerDedupeShapes(db, plan.search);
  return commitKnown(db, (trx) =>
    once(trx, call, plan.id, async () => {
      const value = await carryOut(trx, plan, traceparent);
      return { value, answer: answerOf(value) };
    }),
  );
}

async function carryOut<T>(
  trx: Kysely<Schema>,
  plan: BatchPlan<T>,
  traceparent: string | null,
): Promise<CreatedBatch<T>> {
  if (plan.search === null) return writeBatch(trx, plan.write, traceparent);
  const found = await lookForDuplicates(trx, plan.search);
  return writeBatch(trx, await plan.writeWithout(found), traceparent);
}

async function writeBatch<T>(
  db: Kysely<Schema>,
  { texts, described }: BatchWrite<T>,
  traceparent: string | null,
): Promise<CreatedBatch<T>> {
  // The longest stands last: the client copies what it has whenever a parameter needs more room.
  const { rows } = await sql<{ created_at: string; pending: number; notified: number }>`
    select rfc3339(created_at) as created_at, pending, notified from create_batch(
      p_batch => ${texts.row}::json, p_traceparent => ${traceparent}, p_actions => ${texts.actions}::json, p_rule_sets => ${texts.ruleSets}::json,
      p_links => ${texts.links}::json, p_tasks => ${texts.tasks}::json)`.execute(db);
  const { created_at: createdAt, pending, notified } = rows[0]!;
  return { createdAt, pending, notified, described };
}
