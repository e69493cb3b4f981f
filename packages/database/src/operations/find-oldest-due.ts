import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** The first piece of due work of each queue, by its id; null where there is none. */
export interface OldestDue {
  readonly start: string | null;
  readonly propagation: string | null;
  readonly webhook: string | null;
}

export async function findOldestDue(db: Kysely<Schema>): Promise<OldestDue> {
  const { rows } = await sql<OldestDue>`
    select
      (select id from task_state where status = 'Pending'
       order by priority desc, created_at, position, id limit 1) as start,
      (select task_id from propagation order by created_at limit 1) as propagation,
      (select id from delivery where status = 'Pending' and next_attempt_at <= now()
       order by next_attempt_at limit 1) as webhook`.execute(db);
  return rows[0]!;
}
