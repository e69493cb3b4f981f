import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Resolves when Postgres answers. */
export async function checkHealth(db: Kysely<Schema>): Promise<void> {
  await sql`select 1`.execute(db);
}
