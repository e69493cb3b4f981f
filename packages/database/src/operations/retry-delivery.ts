import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { DeliveryStatus, Schema } from '../schema.ts';

export interface RetriedDelivery {
  /** 1, or 0 when nothing was to be done. */
  readonly retried: number;
  readonly status: DeliveryStatus;
  readonly isArchived: boolean;
}

/** Makes one exhausted notification due again, or one that waits for its next attempt due at once. Null: no such. */
export async function retryDelivery(db: Kysely<Schema>, id: string): Promise<RetriedDelivery | null> {
  const { rows } = await retryConflicts(() =>
    sql<{ retried: number; status: DeliveryStatus | null; is_archived: boolean }>`
      select retried, status, is_archived from retry_delivery(${id})`.execute(db),
  );
  const { retried, status, is_archived: isArchived } = rows[0]!;
  return status === null ? null : { retried, status, isArchived };
}
