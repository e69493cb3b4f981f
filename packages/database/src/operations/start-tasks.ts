import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import { BUSY } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import { hashOfAction, type StoredAction, toActionJson } from '../stored-actions.ts';

export interface TaskStart {
  readonly id: string;
  readonly claim: number;
  /** The cancel action that the receiver answered with. */
  readonly cancelAction: StoredAction | null;
}

/** `ended`: the task ended while its call was open. `lost`: the claim did not stand any more; nothing was changed. */
export type StartResult =
  | { readonly outcome: 'started'; readonly kind: string; readonly waitSeconds: number }
  | { readonly outcome: 'ended' | 'lost' };

interface ResultRow {
  id: string;
  outcome: 'started' | 'ended' | 'lost' | 'busy';
  kind: string;
  wait_seconds: number;
}

/**
 * Claimed → Running for answered on_start calls. `notified` counts notifications that waited for them; `freed` says
 * that a rule about Claimed tasks may allow now what it did not before.
 */
export async function startTasks(
  db: Kysely<Schema>,
  starts: readonly TaskStart[],
  { wait }: { wait: boolean },
): Promise<{ results: (StartResult | typeof BUSY)[]; notified: number; freed: boolean }> {
  const actions = new Map<string, string>();
  const items = JSON.stringify(
    starts.map(({ id, claim, cancelAction }) => {
      if (cancelAction === null) return { id, claim };
      const hashed = hashOfAction(cancelAction);
      actions.set(hashed, toActionJson(hashed, cancelAction));
      return { id, claim, cancel_action: hashed };
    }),
  );
  const start = async (on: Kysely<Schema>) => {
    const { rows } = await sql<{ results: ResultRow[]; notified: number; freed: boolean }>`
      select results, notified, freed from start_tasks(${items}::json, ${wait})`.execute(on);
    const { results, notified, freed } = rows[0]!;
    const byId = new Map(results.map((result) => [result.id, result]));
    return { results: starts.map(({ id }) => toResult(byId.get(id)!)), notified, freed };
  };
  return retryConflicts(() =>
    // Mostly there are none, and one statement needs no transaction around it: a third of the round trips.
    actions.size === 0
      ? start(db)
      : db.transaction().execute(async (trx) => {
          await sql`select save_actions(${`[${[...actions.values()].join(',')}]`}::json)`.execute(trx);
          return start(trx);
        }),
  );
}

function toResult(row: ResultRow): StartResult | typeof BUSY {
  switch (row.outcome) {
    case 'started':
      return { outcome: 'started', kind: row.kind, waitSeconds: row.wait_seconds };
    case 'ended':
    case 'lost':
      return { outcome: row.outcome };
    case 'busy':
      return BUSY;
  }
}
