import { sql, type Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

/** Tables through which rows pass, or whose few rows change all the time. */
const QUEUES = ['arrived', 'place_change', 'settled_change', 'lane', 'occupancy', 'propagation', 'batch'];

/** Indexes of words: what is written goes to a list first, which each search looks through from end to end. */
const SEARCHED = ['task_by_content', 'batch_by_kinds', 'batch_by_metadata', 'batch_by_text'];

/** Fewer are not worth it. */
const DEAD_ROWS_MIN = 1000;

/**
 * Cleans up the tables that work as queues, where many rows have died: each read goes over the dead ones too, and
 * autovacuum comes once a minute at best. It waits for nobody and holds nobody up. What lists search by is put in its
 * place.
 *
 * @returns the tables that were cleaned up
 */
export async function vacuumQueues(db: Kysely<Schema>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_stat_user_tables
    where schemaname = current_schema() and relname = any(${QUEUES}) and n_dead_tup >= ${DEAD_ROWS_MIN}
    order by relname`.execute(db);
  for (const { name } of rows) await sql`vacuum (skip_locked, truncate off) ${sql.table(name)}`.execute(db);
  await sql`
    select gin_clean_pending_list(oid) from pg_class
    where relnamespace = current_schema()::regnamespace and relname = any(${SEARCHED})
      and pg_has_role(relowner, 'usage')`.execute(db);
  return rows.map(({ name }) => name);
}
