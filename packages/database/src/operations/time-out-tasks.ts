import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';
import type { EffectLimits, EndEffects } from './end-tasks.ts';

export interface TimedOut extends EndEffects {
  /** How many tasks it looked at; as many as the limit means that there may be more. */
  readonly lookedAt: number;
  /** Kind and time in Running of each task that it failed. */
  readonly ended: readonly { readonly kind: string; readonly seconds: number }[];
}

/** Fails Running tasks without a sign of life for their timeout. */
export async function timeOutTasks(
  db: Kysely<Schema>,
  { limit, cascadeLimit, deadEnds = true }: EffectLimits & { limit: number },
): Promise<TimedOut> {
  const { rows } = await retryConflicts(() =>
    sql<EndEffects & { looked_at: number; kinds: string[]; seconds: number[] }>`
      select looked_at, kinds, seconds, released, freed, failed, canceled, notified, completed, unfinished,
        ended_from as "endedFrom"
      from time_out_tasks(${limit}, ${cascadeLimit}, ${deadEnds})`.execute(db),
  );
  const { looked_at: lookedAt, kinds, seconds, ...effects } = rows[0]!;
  return { lookedAt, ended: kinds.map((kind, index) => ({ kind, seconds: seconds[index]! })), ...effects };
}
