import { type TaskStatus, type Transition, TRANSITIONS } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import { commitKnown } from '../known-commit.ts';
import type { Schema } from '../schema.ts';

/** `status` is the one that the task has now; when nothing was changed, its state did not allow it. */
export interface Moved {
  readonly changed: boolean;
  readonly was: TaskStatus;
  readonly status: TaskStatus;
}

/** Waiting or Pending → Paused. Null: there is no such task. */
export async function pauseTask(db: Kysely<Schema>, id: string): Promise<Moved | null> {
  const { from }: Transition = TRANSITIONS.pause;
  return commitKnown(db, async (trx) => {
    const { rows } = await sql<{ was: TaskStatus | null; status: TaskStatus }>`
      select was, status from pause_task(${id}, ${from}::task_status[])`.execute(trx);
    const { was, status } = rows[0]!;
    return was === null ? null : { changed: was !== status, was, status };
  });
}
