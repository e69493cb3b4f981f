import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** How many tasks a batch has that is in the archive; null when it is not there. */
export async function findArchivedBatchSize(db: Kysely<Schema>, id: string): Promise<number | null> {
  const { rows } = await sql<{ tasks: number }>`
    select total_tasks as tasks from archived_batch where id = ${id}`.execute(db);
  return rows[0]?.tasks ?? null;
}
