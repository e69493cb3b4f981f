import type { TaskFacts } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** What keeps a task from starting, or what it is doing, as facts; from the archive too. Null: there is none. */
export async function explainTask(db: Kysely<Schema>, id: string): Promise<TaskFacts | null> {
  const { rows } = await sql<{ facts: TaskFacts | null }>`select explain_task(${id}) as facts`.execute(db);
  return rows[0]!.facts;
}
