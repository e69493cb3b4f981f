import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import type { Schema } from '../schema.ts';
import type { EffectLimits, EndEffects } from './end-tasks.ts';

export interface TimedOut extends EndEffects {
  /** How many tasks it looked at; as many as the limit means that there may be more. */
  readonly lookedAt: number;
  /** Each task that it failed, and its time in Running. */
  readonly ended: readonly { readonly id: string; readonly kind: string; readonly seconds: number }[];
  /** Each task that has another attempt. */
  readonly retried: readonly { readonly id: string; readonly kind: string }[];
}

interface TimedOutColumns {
  looked_at: number;
  ended: string[];
  kinds: string[];
  seconds: number[];
  retried: string[];
  retried_kinds: string[];
  retry_secs: number[];
}

export interface TimeOutOptions extends EffectLimits {
  readonly limit: number;
  /** This task alone. */
  readonly only?: string;
}

/** Fails Running tasks without a sign of life for their timeout, or begins their next attempt. */
export async function timeOutTasks(
  db: Kysely<Schema>,
  { limit, cascadeLimit, deadEnds = true, only }: TimeOutOptions,
): Promise<TimedOut> {
  const { rows } = await retryConflicts(() =>
    sql<Omit<EndEffects, 'nextAttemptsSecs'> & TimedOutColumns>`
      select looked_at, retried, retried_kinds, retry_secs, ended, kinds, seconds, released, freed, failed, canceled, notified, completed, unfinished,
        ended_from as "endedFrom"
      from time_out_tasks(${limit}, ${cascadeLimit}, ${deadEnds}, ${only ?? null})`.execute(db),
  );
  const {
    looked_at: lookedAt,
    ended,
    kinds,
    seconds,
    retried,
    retried_kinds: retriedKinds,
    retry_secs: nextAttemptsSecs,
    ...effects
  } = rows[0]!;
  return {
    lookedAt,
    retried: retried.map((id, index) => ({ id, kind: retriedKinds[index]! })),
    ended: ended.map((id, index) => ({ id, kind: kinds[index]!, seconds: seconds[index]! })),
    ...effects,
    nextAttemptsSecs,
  };
}
