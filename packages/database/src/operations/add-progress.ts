import type { Db } from '../connection.ts';
import { BUSY } from '../group-commit.ts';
import { commitKnownStatement } from '../known-commit.ts';

export interface Progress {
  readonly id: string;
  /** Only to this very attempt. */
  readonly attempt?: number | undefined;
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
 * Adds to counters, several additions to one task as their sum; dropped for terminal and unknown tasks, and for
 * attempts that are over. Of those that speak of different attempts of one task, the later ones come again (BUSY).
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
  const sums = new Map<
    string,
    { id: string; attempt: number | undefined; success: number; failures: number }
  >();
  const isLater = new Set<Progress>();
  for (const addition of additions) {
    const { id, attempt, success, failures } = addition;
    const sum = sums.get(id);
    if (sum === undefined) {
      sums.set(id, { id, attempt, success, failures });
    } else if (sum.attempt !== attempt) {
      isLater.add(addition);
    } else {
      sum.success += success;
      sum.failures += failures;
    }
  }
  const items = JSON.stringify([...sums.values()]);
  const statement = { text: STATEMENT, values: [items, String(wait)] };
  const { busy, freed } = await commitKnownStatement<ProgressRow>(db, statement, onDoubt);
  const isBusy = new Set(busy);
  const results = additions.map((addition) =>
    isBusy.has(addition.id) || isLater.has(addition) ? BUSY : null,
  );
  return { results, freed };
}
