import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** The first Running tasks whose time may be up. */
export async function findOverdue(db: Kysely<Schema>, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from task_state where status = 'Running' and check_at <= now()
    order by check_at limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}
