import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** The first piece of due work of each queue, by its id; null where there is none. */
export interface OldestDue {
  readonly start: string | null;
  readonly propagation: string | null;
  readonly webhook: string | null;
}

/**
 * Looks for work that nobody may have been told of. For claims that is a ready lane with a task in it, a task that
 * arrived, or a place that was given back; what waits under a full key is not due.
 */
export async function findOldestDue(db: Kysely<Schema>): Promise<OldestDue> {
  const { rows } = await sql<OldestDue>`
    select
      coalesce(
        (select head from lane where parked_key is null and head is not null
         order by rank, created_at, position, head limit 1),
        (select id from arrived limit 1),
        (select key from place_change where amount < 0 limit 1)) as start,
      (select task_id from propagation order by created_at limit 1) as propagation,
      (select id from delivery where status = 'Pending' and next_attempt_at <= now()
       order by next_attempt_at limit 1) as webhook`.execute(db);
  return rows[0]!;
}
