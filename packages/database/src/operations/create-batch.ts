import { CompiledQuery, type Kysely } from 'kysely';
import type { BatchPlan, BatchWrite } from '../batch-plan.ts';
import type { Db } from '../connection.ts';
import { lookForDuplicates, registerDedupeShapes } from '../dedupe.ts';
import { type Answer, type IdempotentCall, type Once, once } from '../idempotency.ts';
import { commitKnown, commitKnownStatement } from '../known-commit.ts';
import type { Statement } from '../own-transaction.ts';
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
  db: Db,
  plan: BatchPlan<T>,
  traceparent: string | null = null,
): Promise<CreatedBatch<T>> {
  if (plan.search === null) {
    const created = await commitKnownStatement<CreatedRow>(db, statementOf(plan.write, traceparent));
    return toCreatedBatch(created, plan.write);
  }
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
  answerOf: (created: CreatedBatch<T>) => Promise<Answer | null>,
  traceparent: string | null = null,
): Promise<Once<CreatedBatch<T>>> {
  if (plan.search !== null) await registerDedupeShapes(db, plan.search);
  return commitKnown(db, (trx) =>
    once(trx, call, plan.id, async () => {
      const value = await carryOut(trx, plan, traceparent);
      return { value, answer: await answerOf(value) };
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
  trx: Kysely<Schema>,
  write: BatchWrite<T>,
  traceparent: string | null,
): Promise<CreatedBatch<T>> {
  const { text, values } = statementOf(write, traceparent);
  const { rows } = await trx.executeQuery<{ created: CreatedRow }>(CompiledQuery.raw(text, [...values]));
  return toCreatedBatch(rows[0]!.created, write);
}

interface CreatedRow {
  readonly created_at: string;
  readonly pending: number;
  readonly notified: number;
  readonly xid: string;
}

function statementOf({ texts }: BatchWrite<unknown>, traceparent: string | null): Statement {
  return {
    text: `
      select row_to_json(r) as created from (
        select rfc3339(created_at) as created_at, pending, notified, pg_current_xact_id()::text as xid
        from create_batch(p_batch => $1::json, p_traceparent => $2, p_actions => $3::json, p_rule_sets => $4::json,
                          p_links => $5::json, p_tasks => $6::json)) r`,
    values: [texts.row, traceparent, texts.actions, texts.ruleSets, texts.links, texts.tasks],
  };
}

const toCreatedBatch = <T>(
  { created_at: createdAt, pending, notified }: CreatedRow,
  { described }: BatchWrite<T>,
): CreatedBatch<T> => ({ createdAt, pending, notified, described });
