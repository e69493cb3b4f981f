import { type Kysely, sql } from 'kysely';
import { BUSY } from '../group-commit.ts';
import { commitKnown } from '../known-commit.ts';
import type { Schema } from '../schema.ts';

export interface Progress {
  readonly id: string;
  readonly success: number;
  readonly failures: number;
}

/**
 * Adds to counters, several additions to one task as their sum; dropped for terminal and unknown tasks.
 *
 * @returns one answer for each, in order: null, or BUSY when somebody else has locked the task and `wait` is false;
 *   and whether the progress may make room under a capacity rule
 */
export async function addProgress(
  db: Kysely<Schema>,
  additions: readonly Progress[],
  { wait }: { wait: boolean },
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
  return commitKnown(db, async (trx, tellXid) => {
    const { rows } = await sql<{ busy: string[]; freed: boolean; xid: string }>`
      select busy, freed, pg_current_xact_id()::text as xid from add_progress(${items}::json, ${wait})`.execute(
      trx,
    );
    const { busy, freed, xid } = rows[0]!;
    tellXid(xid);
    const isBusy = new Set(busy);
    return { results: additions.map(({ id }) => (isBusy.has(id) ? BUSY : null)), freed };
  });
}
