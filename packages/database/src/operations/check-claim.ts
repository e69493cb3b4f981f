import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/**
 * Whether a claim whose on_start failed may be called again: not when it is somebody else's, or its task has ended
 * (`over`), and not now when the breaker of its receiver is open.
 */
export async function checkClaim(
  db: Kysely<Schema>,
  { id, claim, origin }: { readonly id: string; readonly claim: number; readonly origin: string },
): Promise<'stands' | 'over' | 'breaker open'> {
  const { rows } = await sql<{ is_open: boolean }>`
    select exists (select from origin_breaker where origin = ${origin}) as is_open
    from task_state where id = ${id} and claim = ${claim} and status = 'Claimed'`.execute(db);
  const [found] = rows;
  if (found === undefined) return 'over';
  return found.is_open ? 'breaker open' : 'stands';
}
