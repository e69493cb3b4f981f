import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

/**
 * Moves batches that finished more than `ageSecs` ago to the archive: the oldest, as many as have `limit` tasks
 * together, at least one. 0 batches: there are none, or another process is doing it.
 */
export async function archiveBatches(
  db: Kysely<Schema>,
  { ageSecs, limit }: { ageSecs: number; limit: number },
): Promise<{ batches: number; tasks: number }> {
  const { rows } = await retryConflicts(() =>
    sql<{ batches: number; tasks: number }>`
      select batches, tasks from archive_batches(${ageSecs}, ${limit})`.execute(db),
  );
  return rows[0]!;
}
