import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

/**
 * Gives back claims that their worker does not call (any more). `returned` tells how many became Pending; `notified`
 * counts notifications of tasks that ended under such a claim: they are due now.
 */
export async function handBackClaims(
  db: Kysely<Schema>,
  workerId: string,
  claims: readonly { id: string; claim: number }[],
): Promise<{ returned: number; notified: number }> {
  const items = JSON.stringify(claims.map(({ id, claim }) => ({ id, claim })));
  const { rows } = await retryConflicts(() =>
    sql<{ returned: number; notified: number }>`
      select returned, notified from hand_back_claims(${workerId}, ${items}::json)`.execute(db),
  );
  return rows[0]!;
}
