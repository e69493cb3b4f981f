import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** The first piece of due work of each queue, by what tells it from others; null where there is none. */
export interface OldestDue {
  readonly start: string | null;
  readonly propagation: string | null;
  readonly webhook: string | null;
}

/** Looks for work that nobody may have been told of; what is due is said in migrations/0031-sweep.sql. */
export async function findOldestDue(db: Kysely<Schema>): Promise<OldestDue> {
  const { rows } = await sql<OldestDue>`
    select start, propagation, webhook from find_oldest_due()`.execute(db);
  return rows[0]!;
}
