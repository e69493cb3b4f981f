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

/** The newest sample; takes one when that is older than the period. Of many callers at once one takes it. */
export async function takeSample(db: Kysely<Schema>, periodSecs: number): Promise<FleetSample> {
  const { rows } = await sql<{ sample: FleetSample }>`
    select take_sample(${periodSecs}) as sample`.execute(db);
  return rows[0]!.sample;
}
