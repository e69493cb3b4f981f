import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';
import type { EndEffects } from './end-tasks.ts';

export interface PropagateOptions {
  /** Tasks that this step ends, at most. */
  readonly limit: number;
  /** Only this batch, and it waits for whoever is at work on it; without it, the oldest that nobody works on. */
  readonly batchId?: string;
  readonly deadEnds?: boolean;
}

/** One bounded step of effects that were too many for their request; null when there is none to take. */
export async function propagateEnds(
  db: Kysely<Schema>,
  { limit, batchId, deadEnds = true }: PropagateOptions,
): Promise<Omit<EndEffects, 'unfinished'> | null> {
  const { rows } = await retryConflicts(() =>
    sql<{ advanced: boolean } & Omit<EndEffects, 'unfinished'>>`
      select advanced, released, freed, failed, canceled, notified, completed, ended_from as "endedFrom"
      from propagate_ends(${batchId ?? null}, ${limit}, ${deadEnds})`.execute(db),
  );
  const { advanced, ...effects } = rows[0]!;
  return advanced ? effects : null;
}
