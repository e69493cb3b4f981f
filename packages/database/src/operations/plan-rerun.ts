import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** A task that would run again. */
export interface RerunTask {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  /** How it ended. */
  readonly why: string;
}

export type RerunPlan =
  | { readonly state: 'archived'; readonly total: number }
  | { readonly state: 'unfinished'; readonly total: number }
  | {
      readonly state: 'finished';
      /** How many tasks the batch has. */
      readonly total: number;
      /** In the order of the request. */
      readonly tasks: readonly RerunTask[];
      /** How many stay out. */
      readonly skipped: number;
    };

/**
 * What a rerun of a batch would run; null when there is no such batch.
 *
 * @param isAll with the tasks that succeeded
 */
export async function planRerun(
  db: Kysely<Schema>,
  batchId: string,
  isAll: boolean,
): Promise<RerunPlan | null> {
  const { rows } = await sql<{
    plan: RerunPlan | null;
  }>`select plan_rerun(${batchId}, ${isAll}) as plan`.execute(db);
  return rows[0]!.plan;
}
