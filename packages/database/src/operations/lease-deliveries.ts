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
  /** Scheme, host and port of the receiver. */
  readonly origin: string;
  /** The origin's breaker is open; this is the one call that finds out whether it answers again. */
  readonly isProbe: boolean;
  readonly ageSecs: number;
  /** Of the task, or of the batch that it tells of. */
  readonly subject:
    | { readonly status: TerminalStatus; readonly ended_at: string; readonly attempt: number }
    | { readonly status_counts: Partial<Record<TerminalStatus, number>>; readonly completed_at: string };
}

export interface DeliveryRound {
  /** The one due first, first. */
  readonly leased: readonly LeasedDelivery[];
  /** Another round may find more, without anything having changed. */
  readonly more: boolean;
  /** There are more for origins that this worker may open no further calls to. */
  readonly heldBack: boolean;
}

export interface DeliveryBounds {
  /** The most to lease. */
  readonly limit: number;
  readonly leaseSecs: number;
  /** How many calls the worker may open to any one origin, */
  readonly originRoom: number;
  /** and how many to those that it is calling now. */
  readonly rooms?: ReadonlyMap<string, number>;
  /** After so long a probe counts as lost, and another call may be one. */
  readonly probeSecs?: number;
}

/** Takes due notifications under a lease. */
export async function leaseDeliveries(
  db: Kysely<Schema>,
  workerId: string,
  { limit, leaseSecs, originRoom, rooms = new Map(), probeSecs = 60 }: DeliveryBounds,
): Promise<DeliveryRound> {
  const { rows } = await sql<DeliveryRound>`
    select leased, more, held_back as "heldBack" from lease_deliveries(
      ${workerId}, ${limit}, ${leaseSecs}, ${JSON.stringify(Object.fromEntries(rooms))}::json, ${originRoom},
      ${probeSecs})`.execute(db);
  return rows[0]!;
}
