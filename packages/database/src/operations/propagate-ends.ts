import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';
import type { EndEffects } from './end-tasks.ts';

/** One bounded step of a cascade that was too long for its request; null when there is none to take. */
export async function propagateEnds(
  db: Kysely<Schema>,
  limit: number,
): Promise<Omit<EndEffects, 'unfinished'> | null> {
  const { rows } = await retryConflicts(() =>
    sql<{ advanced: boolean } & Omit<EndEffects, 'unfinished'>>`
      select advanced, released, freed, failed, notified, completed from propagate_ends(${limit})`.execute(
      db,
    ),
  );
  const { advanced, ...effects } = rows[0]!;
  return advanced ? effects : null;
}
