import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

/** Whether this claim of a task stands, and its on_start has not been answered. */
export async function holdsClaim(
  db: Kysely<Schema>,
  { id, claim }: { readonly id: string; readonly claim: number },
): Promise<boolean> {
  const found = await db
    .selectFrom('task_state')
    .select('id')
    .where('id', '=', id)
    .where('claim', '=', claim)
    .where('status', '=', 'Claimed')
    .executeTakeFirst();
  return found !== undefined;
}
