import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

/**
 * Gives back what workers hold whose lease has run out, and forgets those workers. `notified`: as handBackClaims counts
 * them.
 *
 * @param outageSecs when nobody has done it for so long, Postgres was away, and all leases get a period of grace
 */
export async function handBackDeadClaims(
  db: Kysely<Schema>,
  leaseSecs: number,
  outageSecs = leaseSecs,
): Promise<{ returned: number; notified: number; dead: string[] }> {
  const { rows } = await retryConflicts(() =>
    sql<{ returned: number; notified: number; dead: string[] }>`
      select returned, notified, dead from hand_back_dead_claims(${leaseSecs}, ${outageSecs})`.execute(db),
  );
  return rows[0]!;
}
