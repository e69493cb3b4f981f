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

/** How many tasks a batch has that is in the archive; null when it is not there. */
export async function findArchivedBatchSize(db: Kysely<Schema>, id: string): Promise<number | null> {
  const { rows } = await sql<{ tasks: number }>`
    select total_tasks as tasks from archived_batch where id = ${id}`.execute(db);
  return rows[0]?.tasks ?? null;
}

/** Whether there is such a batch, in the archive too. */
export async function hasBatch(db: Kysely<Schema>, id: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from batch where id = ${id})
        or exists (select from archived_batch where id = ${id}) as found`.execute(db);
  return rows[0]!.found;
}
