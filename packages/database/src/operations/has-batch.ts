import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Whether there is such a batch, in the archive too. */
export async function hasBatch(db: Kysely<Schema>, id: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from batch where id = ${id})
        or exists (select from archived_batch where id = ${id}) as found`.execute(db);
  return rows[0]!.found;
}
