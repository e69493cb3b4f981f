import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Forgets keys whose 24 hours are over, up to `limit`. Returns how many. */
export async function forgetIdempotencyKeys(db: Kysely<Schema>, limit: number): Promise<number> {
  const { rows } = await sql<{ forgotten: number }>`
    select forget_idempotency_keys(${limit}) as forgotten`.execute(db);
  return rows[0]!.forgotten;
}
