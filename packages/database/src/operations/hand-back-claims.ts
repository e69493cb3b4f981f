import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

/** Gives back claims that their worker has not begun to call. Returns how many became Pending. */
export async function handBackClaims(
  db: Kysely<Schema>,
  workerId: string,
  claims: readonly { id: string; claim: number }[],
): Promise<number> {
  const items = JSON.stringify(claims.map(({ id, claim }) => ({ id, claim })));
  const { rows } = await retryConflicts(() =>
    sql<{ returned: number }>`select hand_back_claims(${workerId}, ${items}::json) as returned`.execute(db),
  );
  return rows[0]!.returned;
}

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

/** Gives back what workers hold whose lease has run out, and forgets those workers. */
export async function handBackDeadClaims(
  db: Kysely<Schema>,
  leaseSecs: number,
): Promise<{ returned: number; dead: string[] }> {
  const { rows } = await retryConflicts(() =>
    sql<{ returned: number; dead: string[] }>`
      select returned, dead from hand_back_dead_claims(${leaseSecs})`.execute(db),
  );
  return rows[0]!;
}
