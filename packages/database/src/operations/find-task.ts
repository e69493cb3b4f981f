import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** The whole task as JSON text, from the archive too; null when there is none. */
export async function findTask(db: Kysely<Schema>, id: string): Promise<string | null> {
  const { rows } = await sql<{ json: string }>`
    select task_json(t, s, task_actions_json(t, s))::text as json
    from task t join task_state s on s.id = t.id where t.id = ${id}
    union all
    select content::text from archived_task where id = ${id}`.execute(db);
  return rows[0]?.json ?? null;
}
