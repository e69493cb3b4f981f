import type { Db } from '../connection.ts';
import { BUSY } from '../group-commit.ts';
import { commitKnownStatement } from '../known-commit.ts';

export interface Progress {
  readonly id: string;
  readonly success: number;
  readonly failures: number;
}

interface ProgressRow {
  readonly busy: readonly string[];
  readonly freed: boolean;
  readonly xid: string;
}

const STATEMENT = `
  select row_to_json(r) from (
    select busy, freed, pg_current_xact_id()::text as xid from add_progress($1::json, $2)) r`;

/**
 * Adds to counters, several additions to one task as their sum; dropped for terminal and unknown tasks.
 *
 * @param onDoubt see commitKnownStatement
 * @returns one answer for each, in order: null, or BUSY when somebody else has locked the task and `wait` is false;
 *   and whether the progress may make room under a capacity rule
 */
export async function addProgress(
  db: Db,
  additions: readonly Progress[],
  { wait, onDoubt }: { wait: boolean; onDoubt?: () => void },
): Promise<{ results: (null | typeof BUSY)[]; freed: boolean }> {
  const sums = new Map<string, { id: string; success: number; failures: number }>();
  for (const { id, success, failures } of additions) {
    const sum = sums.get(id);
    if (sum === undefined) {
      sums.set(id, { id, success, failures });
    } else {
      sum.success += success;
      sum.failures += failures;
    }
  }
  const items = JSON.stringify([...sums.values()]);
  const statement = { text: STATEMENT, values: [items, String(wait)] };
  const { busy, freed } = await commitKnownStatement<ProgressRow>(db, statement, onDoubt);
  const isBusy = new Set(busy);
  return { results: additions.map(({ id }) => (isBusy.has(id) ? BUSY : null)), freed };
}
