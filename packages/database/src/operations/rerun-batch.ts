import { type Kysely, sql } from 'kysely';
import { type IdempotentCall, type Once, once } from '../idempotency.ts';
import { commitKnown } from '../known-commit.ts';
import type { Schema } from '../schema.ts';

export interface Rerun {
  readonly batchId: string;
  /** Tasks of the finished batch, in the order of their ids. */
  readonly tasks: readonly string[];
  /** Of the new batch and its tasks, in the same order. */
  readonly newBatchId: string;
  readonly newTasks: readonly string[];
  /** Of the request that asks for it. */
  readonly traceparent: string | null;
}

export interface CreatedRerun {
  /** How many of its tasks may start at once. */
  readonly pending: number;
  readonly withParents: number;
  /** JSON of the new tasks, in the order of the request. */
  readonly tasks: string;
}

/**
 * Creates a batch in which tasks of a finished one run again; with a key, once. Null: the batch has gone to the archive
 * meanwhile.
 */
export async function rerunBatch(
  db: Kysely<Schema>,
  rerun: Rerun,
  key: IdempotentCall | null,
): Promise<Once<CreatedRerun> | null> {
  return commitKnown(db, async (trx) => {
    if (key === null) {
      const value = await write(trx, rerun);
      return value && { outcome: 'done', value, answer: value.tasks };
    }
    let isGone = false;
    const result = await once(trx, key, rerun.newBatchId, async () => {
      const value = await write(trx, rerun);
      if (value === null) {
        isGone = true;
        throw new GoneError();
      }
      return { value, answer: value.tasks };
    }).catch((error: unknown) => {
      if (error instanceof GoneError) return null;
      throw error;
    });
    return isGone ? null : result;
  });
}

/** Nothing was written, so the key is not used up. */
class GoneError extends Error {}

async function write(trx: Kysely<Schema>, rerun: Rerun): Promise<CreatedRerun | null> {
  const { rows } = await sql<{ pending: number | null; withParents: number; tasks: string }>`
    select pending, with_parents as "withParents", tasks
    from rerun_batch(${rerun.batchId}, ${[...rerun.tasks]}::uuid[], ${rerun.newBatchId},
                     ${[...rerun.newTasks]}::uuid[], ${rerun.traceparent})`.execute(trx);
  const { pending, ...created } = rows[0]!;
  return pending === null ? null : { pending, ...created };
}
