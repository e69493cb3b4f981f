import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** Tasks and links of a batch as JSON text, from the archive too; an unknown batch is an empty graph. */
export async function findDag(db: Kysely<Schema>, batchId: string): Promise<string> {
  const { rows } = await sql<{ json: string }>`
    select json_build_object(
      'tasks', coalesce((
        select json_agg(basic_task_json(t, s) order by t.position)
        from task t join task_state s on s.id = t.id where t.batch_id = ${batchId}), (
        select json_agg(basic_of_task_json(content) order by position)
        from archived_task where batch_id = ${batchId}), '[]'),
      'links', coalesce((
        select json_agg(json_build_object(
          'parent_id', l.parent_id, 'child_id', l.child_id, 'requires_success', l.requires_success)
          order by t.position, l.parent_id)
        from task t join link l on l.child_id = t.id where t.batch_id = ${batchId}), (
        select json_agg(json_build_object(
          'parent_id', l.parent_id, 'child_id', l.child_id, 'requires_success', l.requires_success)
          order by t.position, l.parent_id)
        from archived_link l join archived_task t on t.id = l.child_id where l.batch_id = ${batchId}), '[]')
    )::text as json`.execute(db);
  return rows[0]!.json;
}
