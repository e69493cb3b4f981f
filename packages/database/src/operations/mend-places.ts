import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';

/** What was found wrong and set right; each is 0 unless there is a bug. */
export interface MendedPlaces {
  /** Keys whose count differed from the tasks that count in them. */
  readonly drifted: number;
  /** Lanes that did not know of their first task. */
  readonly lostHeads: number;
  /** Lanes parked under a key that had room. */
  readonly stuckLanes: number;
}

/** Compares places and lanes with the tasks, mends what differs and drops what nobody needs; once in `periodSecs`. */
export async function mendPlaces(db: Kysely<Schema>, periodSecs: number): Promise<MendedPlaces> {
  const { rows } = await retryConflicts(() =>
    sql<MendedPlaces>`
      select drifted, lost_heads as "lostHeads", stuck_lanes as "stuckLanes"
      from mend_places(${periodSecs})`.execute(db),
  );
  return rows[0]!;
}
