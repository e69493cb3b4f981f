import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

/** Which exhausted notifications; null: whatever they are about. */
export interface RetryFilter {
  readonly taskId: string | null;
  /** Those of the batch and of its tasks. */
  readonly batchId: string | null;
}

/**
 * Makes exhausted notifications due again, the oldest first, `chunkSize` in a transaction. What is exhausted again
 * meanwhile is left. Yields how many each transaction made due.
 */
export async function* retryDeliveries(
  db: Kysely<Schema>,
  { taskId, batchId }: RetryFilter,
  chunkSize: number,
): AsyncGenerator<number> {
  let until: string | null = null;
  let lastAt: string | null = null;
  let lastId: string | null = null;
  for (;;) {
    const after: { until: string | null; lastAt: string | null; lastId: string | null } = {
      until,
      lastAt,
      lastId,
    };
    const { rows } = await retryConflicts(() =>
      sql<{ retried: number; until: string; last_at: string | null; last_id: string | null }>`
        select retried, rfc3339(until) as until, rfc3339(last_at) as last_at, last_id
        from retry_deliveries(${taskId}::uuid, ${batchId}::uuid, ${after.until}::timestamptz,
                              ${after.lastAt}::timestamptz, ${after.lastId}::uuid, ${chunkSize})`.execute(db),
    );
    const { retried, ...next } = rows[0]!;
    yield retried;
    if (retried < chunkSize) return;
    until = next.until;
    lastAt = next.last_at;
    lastId = next.last_id;
  }
}
