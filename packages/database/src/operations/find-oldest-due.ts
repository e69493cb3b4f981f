import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/**
 * The first piece of due work of each queue, by its id, its key, its origin or the transaction that made it; null where
 * there is none.
 */
export interface OldestDue {
  readonly start: string | null;
  readonly propagation: string | null;
  readonly webhook: string | null;
}

/**
 * Looks for work that nobody may have been told of. For claims that is a ready lane with a task in it, a task that
 * arrived, a place that was given back or that no round has looked at since, a backoff that is over, a new rule that
 * has not been counted, or a probe that only a task can make; what waits under a full key is not due, nor are
 * notifications to an origin whose breaker is open.
 */
export async function findOldestDue(db: Kysely<Schema>): Promise<OldestDue> {
  const { rows } = await sql<OldestDue>`
    select
      coalesce(
        (select head::text from lane where parked_key is null and head is not null
         order by rank, created_at, position, head limit 1),
        (select id::text from arrived limit 1),
        (select xmin::text from place_change where amount < 0 limit 1),
        (select key::text from occupancy o
         where is_reopened and exists (select from lane l where l.parked_key = o.key and l.parked_ceiling > o.amount)
         limit 1),
        (select id::text from task_state where status = 'Pending' and backoff_until <= now()
         order by backoff_until limit 1),
        -- With how far it has come, since a long one is no work that is missed.
        (select concat_ws(' ', id, creators, counted_batch, counted_position) from shape where not is_counted limit 1),
        (select origin from origin_breaker b
         where probe_at <= now() and exists (select from lane l where l.parked_key = origin_key(b.origin))
           and not exists (select from origin_to_probe p where p.origin = b.origin)
         limit 1)) as start,
      (select task_id from propagation order by created_at limit 1) as propagation,
      coalesce(
        -- What waits behind breakers may be much, and stand in front.
        (select id::text from (
           select id, origin, next_attempt_at from delivery where status = 'Pending' and next_attempt_at <= now()
           order by next_attempt_at limit 1000) d
         where not exists (select from origin_breaker b where b.origin = d.origin)
         order by next_attempt_at limit 1),
        (select d.id::text from origin_with_deliveries o cross join lateral (
           select id, next_attempt_at from delivery
           where status = 'Pending' and origin = o.origin and next_attempt_at <= now()
           order by next_attempt_at limit 1) d
         order by d.next_attempt_at limit 1),
        (select origin from origin_to_probe limit 1)) as webhook`.execute(db);
  return rows[0]!;
}
