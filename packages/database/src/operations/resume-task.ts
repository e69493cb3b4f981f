import { type TaskStatus, type Transition, TRANSITIONS } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import { commitKnown } from '../known-commit.ts';
import type { Schema } from '../schema.ts';
import type { Moved } from './pause-task.ts';

/** Paused → Waiting or Pending, by what its parents say at that moment. Null: there is no such task. */
export async function resumeTask(db: Kysely<Schema>, id: string): Promise<Moved | null> {
  const { from }: Transition = TRANSITIONS.resume;
  return commitKnown(db, async (trx) => {
    const { rows } = await sql<{ was: TaskStatus | null; status: TaskStatus }>`
      select was, status from resume_task(${id}, ${from}::task_status[])`.execute(trx);
    const { was, status } = rows[0]!;
    return was === null ? null : { changed: was !== status, was, status };
  });
}
