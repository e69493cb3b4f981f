import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

/** Deletes batches that were archived more than `ageSecs` ago. Returns how many; 0 when there are none left. */
export async function purgeArchive(
  db: Kysely<Schema>,
  { ageSecs, limit }: { ageSecs: number; limit: number },
): Promise<number> {
  const { rows } = await retryConflicts(() =>
    sql<{ purged: number }>`select purge_archive(${ageSecs}, ${limit}) as purged`.execute(db),
  );
  return rows[0]!.purged;
}
