import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

export interface DeliveryOutcome {
  readonly id: string;
  readonly attempt: number;
  /** Pending: it is tried again in `retryInSecs`. */
  readonly outcome: 'Success' | 'Exhausted' | 'Pending';
  readonly error: string | null;
  readonly retryInSecs: number | null;
  /** The attempt does not count: it was not begun, or probed an open breaker without an answer. */
  readonly isUnused?: boolean;
}

/** Records attempts. Returns the ids that still were this worker's; what a lost lease reports changes nothing. */
export async function recordDeliveries(
  db: Kysely<Schema>,
  workerId: string,
  outcomes: readonly DeliveryOutcome[],
): Promise<Set<string>> {
  const items = JSON.stringify(
    outcomes.map(({ id, attempt, outcome, error, retryInSecs, isUnused = false }) => ({
      id,
      attempt,
      outcome,
      error,
      retry_in_secs: retryInSecs,
      is_unused: isUnused,
    })),
  );
  const { rows } = await retryConflicts(() =>
    sql<{ recorded: string[] }>`
      select record_deliveries(${workerId}, ${items}::json) as recorded`.execute(db),
  );
  return new Set(rows[0]!.recorded);
}
