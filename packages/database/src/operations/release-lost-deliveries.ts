import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/**
 * Makes due again what a worker has leased without knowing it, since the answer was lost on its way.
 *
 * @param busy what it does know of
 * @returns how many
 */
export async function releaseLostDeliveries(
  db: Kysely<Schema>,
  workerId: string,
  busy: readonly string[],
): Promise<number> {
  const { rows } = await sql<{ released: number }>`
    select release_lost_deliveries(${workerId}, ${busy}::uuid[]) as released`.execute(db);
  return rows[0]!.released;
}
