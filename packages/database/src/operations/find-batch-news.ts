import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** What a look at a batch has found. */
export interface BatchNews {
  /** Of this look: the next one finds what has changed since. */
  readonly snapshot: string;
  /** The tasks are all of the batch, not only those that have changed. */
  readonly isWhole: boolean;
  readonly isFinished: boolean;
  /** JSON text, as `GET /batch/{id}` answers it; null when nothing has changed. */
  readonly batch: string | null;
  /** JSON texts of BasicTasks, by position. */
  readonly tasks: readonly string[];
  /** Those of the tasks that the next look finds again, also when they have not changed. */
  readonly unsettled: readonly string[];
}

/**
 * The tasks of a batch that have changed since an earlier look, as they are now; all of them without one. From the
 * archive too. Null: there is no such batch.
 */
export async function findBatchNews(
  db: Kysely<Schema>,
  batchId: string,
  since: string | null,
): Promise<BatchNews | null> {
  const { rows } = await sql<{
    snapshot: string | null;
    is_whole: boolean;
    is_finished: boolean;
    batch: string | null;
    tasks: string | null;
    unsettled: string | null;
  }>`
    select snapshot::text, is_whole, is_finished, summary::text as batch, tasks, unsettled
    from batch_news(${batchId}, ${since}::pg_snapshot)`.execute(db);
  const { snapshot, is_whole: isWhole, is_finished: isFinished, batch, tasks, unsettled } = rows[0]!;
  if (snapshot === null) return null;
  return { snapshot, isWhole, isFinished, batch, tasks: lines(tasks), unsettled: lines(unsettled) };
}

const lines = (text: string | null): string[] => text?.split('\n') ?? [];
