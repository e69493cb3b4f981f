import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/**
 * Notes down that a sweep runs.
 *
 * @param restPeriodSecs the time between two whole sweeps while nothing is open
 * @returns whether there may be anything for it to do
 */
export async function beginSweep(db: Kysely<Schema>, restPeriodSecs: number): Promise<boolean> {
  const { rows } = await sql<{ is_needed: boolean }>`
    select begin_sweep(${restPeriodSecs}) as is_needed`.execute(db);
  return rows[0]!.is_needed;
}
