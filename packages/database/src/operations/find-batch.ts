import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Totals and status counts of a batch as JSON text, from the archive too; null when there is none. */
export async function findBatch(db: Kysely<Schema>, id: string): Promise<string | null> {
  const { rows } = await sql<{ json: string }>`
    select batch_summary_json(b)::text as json from batch b where b.id = ${id}
    union all
    select summary::text from archived_batch where id = ${id}`.execute(db);
  return rows[0]?.json ?? null;
}
