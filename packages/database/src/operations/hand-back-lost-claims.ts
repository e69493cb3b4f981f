import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

/**
 * Gives back a live worker's claims that are older than the limit and that it does not know of (any more). `notified`
 * counts notifications of tasks that ended under such a claim: they are due now.
 */
export async function handBackLostClaims(
  db: Kysely<Schema>,
  workerId: string,
  busyIds: readonly string[],
  claimTimeoutSecs: number,
): Promise<{ returned: number; notified: number }> {
  const { rows } = await retryConflicts(() =>
    sql<{ returned: number; notified: number }>`
      select returned, notified
      from hand_back_lost_claims(${workerId}, ${busyIds}::uuid[], ${claimTimeoutSecs})`.execute(db),
  );
  return rows[0]!;
}
