import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';
import type { EffectLimits, EndEffects } from './end-tasks.ts';

export interface TimedOut extends EndEffects {
  /** How many tasks it looked at; as many as the limit means that there may be more. */
  readonly lookedAt: number;
  /** Each task that it failed, and its time in Running. */
  readonly ended: readonly { readonly id: string; readonly kind: string; readonly seconds: number }[];
}

/** Fails Running tasks without a sign of life for their timeout. */
export async function timeOutTasks(
  db: Kysely<Schema>,
  { limit, cascadeLimit, deadEnds = true }: EffectLimits & { limit: number },
): Promise<TimedOut> {
  const { rows } = await retryConflicts(() =>
    sql<EndEffects & { looked_at: number; ended: string[]; kinds: string[]; seconds: number[] }>`
      select looked_at, ended, kinds, seconds, released, freed, failed, canceled, notified, completed, unfinished,
        ended_from as "endedFrom"
      from time_out_tasks(${limit}, ${cascadeLimit}, ${deadEnds})`.execute(db),
  );
  const { looked_at: lookedAt, ended, kinds, seconds, ...effects } = rows[0]!;
  return {
    lookedAt,
    ended: ended.map((id, index) => ({ id, kind: kinds[index]!, seconds: seconds[index]! })),
    ...effects,
  };
}
