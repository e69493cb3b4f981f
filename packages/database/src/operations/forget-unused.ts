import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

/**
 * Deletes actions and rule sets that nothing refers to any more, `limit` of each at most, when whatever finished more
 * than `ageSecs` ago is archived. Returns how many.
 */
export async function forgetUnused(
  db: Kysely<Schema>,
  { ageSecs, limit }: { ageSecs: number; limit: number },
): Promise<number> {
  const { rows } = await retryConflicts(() =>
    sql<{ forgotten: number }>`select forget_unused(${ageSecs}, ${limit}) as forgotten`.execute(db),
  );
  return rows[0]!.forgotten;
}
