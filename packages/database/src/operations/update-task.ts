import type { TaskStatus } from '@arcrun/domain';
import type { Db } from '../connection.ts';
import { commitKnownStatement } from '../known-commit.ts';

export interface TaskChanges {
  /** Only of this very attempt. */
  readonly attempt?: number | undefined;
  readonly newSuccess?: number | undefined;
  readonly newFailures?: number | undefined;
  readonly expectedCount?: number | undefined;
  readonly priority?: number | undefined;
  /** JSON text. */
  readonly metadata?: string | undefined;
}

interface UpdateRow {
  readonly status: TaskStatus | null;
  readonly attempt: number;
  readonly changed: boolean;
  readonly freed: boolean;
  readonly xid: string;
}

const STATEMENT = `
  select row_to_json(r) from (
    select status, attempt, changed, freed, pg_current_xact_id()::text as xid from update_task($1, $2::json)) r`;

/**
 * Changes a task that has not ended, and refreshes its last_updated. Null: there is no such task. `freed`: it, or
 * another task, may start now.
 */
export async function updateTask(
  db: Db,
  id: string,
  changes: TaskChanges,
): Promise<{ status: TaskStatus; attempt: number; changed: boolean; freed: boolean } | null> {
  const items = JSON.stringify({
    attempt: changes.attempt,
    new_success: changes.newSuccess,
    new_failures: changes.newFailures,
    expected_count: changes.expectedCount,
    priority: changes.priority,
    metadata: changes.metadata,
  });
  const { status, attempt, changed, freed } = await commitKnownStatement<UpdateRow>(db, {
    text: STATEMENT,
    values: [id, items],
  });
  return status === null ? null : { status, attempt, changed, freed };
}
