import type { TaskStatus } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import { commitKnown } from '../known-commit.ts';
import type { Schema } from '../schema.ts';

export interface TaskChanges {
  readonly newSuccess?: number | undefined;
  readonly newFailures?: number | undefined;
  readonly expectedCount?: number | undefined;
  readonly priority?: number | undefined;
  /** JSON text. */
  readonly metadata?: string | undefined;
}

/**
 * Changes a task that has not ended, and refreshes its last_updated. Null: there is no such task. `freed`: it, or
 * another task, may start now.
 */
export async function updateTask(
  db: Kysely<Schema>,
  id: string,
  changes: TaskChanges,
): Promise<{ status: TaskStatus; changed: boolean; freed: boolean } | null> {
  const items = JSON.stringify({
    new_success: changes.newSuccess,
    new_failures: changes.newFailures,
    expected_count: changes.expectedCount,
    priority: changes.priority,
    metadata: changes.metadata,
  });
  return commitKnown(db, async (trx) => {
    const { rows } = await sql<{ status: TaskStatus | null; changed: boolean; freed: boolean }>`
      select status, changed, freed from update_task(${id}, ${items}::json)`.execute(trx);
    const { status, changed, freed } = rows[0]!;
    return status === null ? null : { status, changed, freed };
  });
}
