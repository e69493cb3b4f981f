import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

export interface Claim {
  readonly id: string;
  readonly batchId: string;
  /** The fencing token: grows with each claim of the task. */
  readonly claim: number;
  readonly kind: string;
  /** Hash of the on_start action, in hex. */
  readonly onStart: string;
  /** Scheme, host and port of the receiver. */
  readonly origin: string;
  /** The origin's breaker is open; this is the one call that finds out whether it answers again. */
  readonly isProbe: boolean;
  readonly attempt: number;
  readonly maxAttempts: number;
}

export interface ClaimRound {
  /** First in order first. */
  readonly claims: readonly Claim[];
  /** Another round may find more, without anything having changed. */
  readonly more: boolean;
  /** Tasks that a new rule looks at could not be counted yet: another round has to come soon. */
  readonly waits: boolean;
  /** There are tasks for origins that this worker may open no further calls to. */
  readonly heldBack: boolean;
  /** How many groups of tasks with the same rules and values were found to be blocked. */
  readonly blocked: number;
}

export interface ClaimBounds {
  /** The most to claim. */
  readonly limit: number;
  /** How many calls the worker may open to any one origin, */
  readonly originRoom: number;
  /** and how many to those that it is calling now. */
  readonly rooms?: ReadonlyMap<string, number>;
  /** After so long a probe counts as lost, and another call may be one. */
  readonly probeSecs?: number;
}

/** Claims Pending tasks whose rules allow it, first in order first, for a worker whose lease is alive. */
export async function claimTasks(
  db: Kysely<Schema>,
  workerId: string,
  { limit, originRoom, rooms = new Map(), probeSecs = 60 }: ClaimBounds,
): Promise<ClaimRound> {
  const { rows } = await retryConflicts(() =>
    sql<ClaimRound>`
      select claims, more, waits, held_back as "heldBack", blocked from claim_tasks(
        ${workerId}, ${limit}, ${JSON.stringify(Object.fromEntries(rooms))}::json, ${originRoom},
        ${probeSecs})`.execute(db),
  );
  return rows[0]!;
}
