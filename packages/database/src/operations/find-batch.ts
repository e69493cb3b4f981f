import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Totals and status counts of a batch as JSON text; null when there is none. */
export async function findBatch(db: Kysely<Schema>, id: string): Promise<string | null> {
  // The sum of expected counts is told only when every task has one.
  const { rows } = await sql<{ json: string }>`
    select json_build_object(
      'batch_id', b.id, 'total_tasks', b.total_tasks,
      'total_success', coalesce(t.success, 0), 'total_failures', coalesce(t.failures, 0),
      'total_expected', case when t.unknown = 0 then t.expected end,
      'status_counts', batch_counts_json(b))::text as json
    from batch b
    cross join lateral (
      select sum(s.success) as success, sum(s.failures) as failures,
             coalesce(sum(s.expected_count), 0) as expected,
             count(*) filter (where s.expected_count is null) as unknown
      from task_state s where s.batch_id = b.id) t
    where b.id = ${id}`.execute(db);
  return rows[0]?.json ?? null;
}
