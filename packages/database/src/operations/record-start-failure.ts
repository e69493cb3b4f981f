import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Counts a call of on_start that failed and is to be made again. False: its claim does not stand any more. */
export async function recordStartFailure(
  db: Kysely<Schema>,
  { id, claim, error }: { readonly id: string; readonly claim: number; readonly error: string },
): Promise<boolean> {
  const { rows } = await sql<{ stands: boolean }>`
    select record_start_failure(${id}, ${claim}, ${error}) as stands`.execute(db);
  return rows[0]!.stands;
}
