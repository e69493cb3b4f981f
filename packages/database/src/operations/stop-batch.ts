import type { TaskStatus } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import { commitKnown } from '../known-commit.ts';
import type { Schema } from '../schema.ts';

export interface StoppedBatch {
  /** How many of its tasks were in each status before; those that had not ended are Canceled now. */
  readonly before: Readonly<Partial<Record<TaskStatus, number>>>;
  /** Notifications recorded. */
  readonly notified: number;
  /** Whether this completed the batch. */
  readonly completed: boolean;
}

/** Cancels whatever of a batch has not ended. Null: there is no such batch. */
export async function stopBatch(db: Kysely<Schema>, id: string): Promise<StoppedBatch | null> {
  return commitKnown(db, async (trx) => {
    const { rows } = await sql<{
      counts: StoppedBatch['before'] | null;
      notified: number;
      completed: number;
    }>`
      select counts, notified, completed from stop_batch(${id})`.execute(trx);
    const { counts, notified, completed } = rows[0]!;
    return counts === null ? null : { before: counts, notified, completed: completed > 0 };
  });
}
