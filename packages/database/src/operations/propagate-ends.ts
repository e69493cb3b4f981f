import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';
import type { EndEffects } from './end-tasks.ts';

export interface PropagateOptions {
  /** Tasks that this step ends, at most. */
  readonly limit: number;
  /** Only this batch; without it, the oldest that nobody works on, or else the oldest. */
  readonly batchId?: string;
  readonly deadEnds?: boolean;
}

/**
 * One bounded step of effects that were too many for their request; null when there is none to take. It waits for
 * those who are at work on a batch: they need not know of what is left to do there, and nobody would ring for it.
 */
export async function propagateEnds(
  db: Kysely<Schema>,
  { limit, batchId, deadEnds = true }: PropagateOptions,
): Promise<EndEffects | null> {
  const { rows } = await retryConflicts(() =>
    sql<{ advanced: boolean; busy: string | null } & Omit<EndEffects, 'unfinished' | 'nextAttemptsSecs'>>`
      select advanced, busy, released, freed, failed, canceled, notified, completed, ended_from as "endedFrom"
      from propagate_ends(${batchId ?? null}, ${limit}, ${deadEnds})`.execute(db),
  );
  const { advanced, busy, ...row } = rows[0]!;
  // What is left after a step stays recorded; it is no new effect.
  const effects = { ...row, unfinished: 0, nextAttemptsSecs: [] };
  if (advanced) return effects;
  // In a transaction of its own, so that nothing is held meanwhile. If they did it themselves, there may be more.
  return busy === null ? null : ((await propagateEnds(db, { limit, batchId: busy, deadEnds })) ?? effects);
}
