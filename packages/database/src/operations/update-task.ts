import type { TaskStatus } from '@arcrun/domain';
import type { Db } from '../connection.ts';
import { commitKnownStatement } from '../known-commit.ts';

export interface TaskChanges {
  readonly newSuccess?: number | undefined;
  readonly newFailures?: number | undefined;
  readonly expectedCount?: number | undefined;
  readonly priority?: number | undefined;
  /** JSON text. */
  readonly metadata?: string | undefined;
}

interface UpdateRow {
  readonly status: TaskStatus | null;
  readonly changed: boolean;
  readonly freed: boolean;
  readonly xid: string;
}

const STATEMENT = `
  select row_to_json(r) from (
    select status, changed, freed, pg_current_xact_id()::text as xid from update_task($1, $2::json)) r`;

/**
 * Changes a task that has not ended, and refreshes its last_updated. Null: there is no such task. `freed`: it, or
 * another task, may start now.
 */
export async function updateTask(
  db: Db,
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
  const { status, changed, freed } = await commitKnownStatement<UpdateRow>(db, {
    text: STATEMENT,
    values: [id, items],
  });
  return status === null ? null : { status, changed, freed };
}
