import type { Condition, TerminalStatus, Trigger } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

export interface LeasedDelivery {
  readonly id: string;
  readonly taskId: string | null;
  readonly batchId: string | null;
  readonly trigger: Trigger;
  readonly condition: Condition | null;
  readonly position: number;
  /** This attempt's number, from 1. */
  readonly attempt: number;
  /** Hash in hex. */
  readonly action: string;
  readonly ageSecs: number;
  /** Of the task, or of the batch that it tells of. */
  readonly subject:
    | { readonly status: TerminalStatus; readonly ended_at: string }
    | { readonly status_counts: Partial<Record<TerminalStatus, number>>; readonly completed_at: string };
}

/** Takes up to `limit` due notifications under a lease. */
export async function leaseDeliveries(
  db: Kysely<Schema>,
  workerId: string,
  { limit, leaseSecs }: { limit: number; leaseSecs: number },
): Promise<LeasedDelivery[]> {
  const { rows } = await sql<LeasedDelivery>`
    select id, task_id as "taskId", batch_id as "batchId", trigger, condition, position, attempts as attempt,
           encode(action, 'hex') as action, age_secs as "ageSecs", subject
    from lease_deliveries(${workerId}, ${limit}, ${leaseSecs})`.execute(db);
  return rows;
}
