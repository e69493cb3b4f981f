import type { TaskStatus } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** What there is in the whole fleet, at one moment. */
export interface FleetSample {
  /** Of all tasks that are not archived. */
  readonly tasksByStatus: Readonly<Partial<Record<TaskStatus, number>>>;
  readonly runningByKind: Readonly<Record<string, number>>;
  /** For how long the oldest work of each queue has been due; 0 when there is none. */
  readonly oldestDueSecs: Readonly<Record<string, number>>;
  readonly workersAlive: number;
  /** Notifications that are not delivered yet. */
  readonly pendingDeliveries: number;
  readonly openBreakers: number;
  /** Of the oldest transaction that keeps Postgres from cleaning up. */
  readonly oldestSnapshotSecs: number;
}

export interface SampleTurn {
  /** The process. */
  readonly samplerId: string;
  /** Whether it is one that others leave the sampling to. */
  readonly isPreferred: boolean;
  readonly periodSecs: number;
}

/**
 * Takes a sample, if it is this process that takes them; else it is the newest of another's. One process at a time
 * does, and goes on until it falls silent.
 *
 * @returns whether it is this process that shows it
 */
export async function takeSample(
  db: Kysely<Schema>,
  { samplerId, isPreferred, periodSecs }: SampleTurn,
): Promise<{ sample: FleetSample; isOwn: boolean }> {
  const { rows } = await sql<{ sample: FleetSample; isOwn: boolean }>`
    select newest as sample, is_own as "isOwn"
    from take_sample(${samplerId}, ${isPreferred}, ${periodSecs})`.execute(db);
  return rows[0]!;
}
