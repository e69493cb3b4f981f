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
 * @returns one answer for each, in order: null, or BUSY when somebody else has locked the task and `wait` is false
 */
export async function addProgress(
  db: Kysely<Schema>,
  additions: readonly Progress[],
  { wait }: { wait: boolean },
): Promise<(null | typeof BUSY)[]> {
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
  const busy = await commitKnown(db, async (trx) => {
    const { rows } = await sql<{ busy: string[] }>`
      select add_progress(${items}::json, ${wait}) as busy`.execute(trx);
    return new Set(rows[0]!.busy);
  });
  return additions.map(({ id }) => (busy.has(id) ? BUSY : null));
}
