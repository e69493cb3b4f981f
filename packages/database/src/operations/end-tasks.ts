import { type TaskStatus, type TerminalStatus, type Transition, TRANSITIONS } from '@arcrun/domain';
import type { Db } from '../connection.ts';
import { commitKnownStatement } from '../known-commit.ts';
import { BUSY } from '../group-commit.ts';

/** What an end brought about besides itself; tells which bells to ring and what to count. */
export interface EndEffects {
  /** Children that became Pending. */
  readonly released: number;
  /** A rule may allow now what it did not before. */
  readonly freed: boolean;
  /** Tasks failed by cascade. */
  readonly failed: number;
  /** Dead ends canceled. */
  readonly canceled: number;
  /** Notifications recorded. */
  readonly notified: number;
  /** Batches whose last task this was. */
  readonly completed: number;
  /** Ends whose cascade or climb goes on in the propagation queue. */
  readonly unfinished: number;
  /** Seconds until the next attempt of each task that has another one. */
  readonly nextAttemptsSecs: readonly number[];
  /** In which states those were that failed by cascade or were canceled as dead ends. */
  readonly endedFrom: readonly {
    readonly from: TaskStatus;
    readonly to: TaskStatus;
    readonly count: number;
  }[];
}

/** What bounds the effects of an end, and which of them there are. */
export interface EffectLimits {
  /** Tasks that end by cascade and climb within one call; the rest is left to the propagation queue. */
  readonly cascadeLimit: number;
  /** Whether tasks whose children have all ended are canceled. */
  readonly deadEnds?: boolean;
}

export interface TaskEnd {
  readonly id: string;
  readonly status: TerminalStatus;
  readonly reason?: string | undefined;
  /** Only this very claim may end the task. */
  readonly claim?: number;
  /** Only this very attempt may be ended. */
  readonly attempt?: number | undefined;
  /** False: a failure ends the task, whatever its retry policy says. */
  readonly retryable?: boolean;
  readonly newSuccess?: number | undefined;
  readonly newFailures?: number | undefined;
  readonly expectedCount?: number | undefined;
  readonly priority?: number | undefined;
  /** JSON text. */
  readonly metadata?: string | undefined;
}

export type EndResult =
  | {
      readonly outcome: 'applied';
      readonly was: TaskStatus;
      readonly status: TerminalStatus;
      readonly kind: string;
      readonly seconds: number | null;
    }
  | {
      /** The attempt failed, and the task has another one. */
      readonly outcome: 'retried';
      readonly was: TaskStatus;
      readonly kind: string;
      readonly seconds: number | null;
    }
  | { readonly outcome: 'conflict'; readonly status: TaskStatus; readonly attempt: number }
  | { readonly outcome: 'unknown' };

interface ResultRow {
  id: string;
  outcome: 'applied' | 'retried' | 'conflict' | 'unknown' | 'busy';
  was: TaskStatus;
  status: TaskStatus;
  kind: string;
  seconds: number | null;
  attempt: number;
  retry_secs: number | null;
}

interface EndsRow extends Omit<EndEffects, 'nextAttemptsSecs'> {
  readonly results: readonly ResultRow[];
  readonly heldUp: readonly string[];
  readonly xid: string;
}

const STATEMENT = `
  select row_to_json(r) from (
    select results, released, freed, failed, canceled, notified, completed, unfinished, held_up as "heldUp",
      ended_from as "endedFrom", pg_current_xact_id()::text as xid
    from end_tasks($1::json, $2, $3, $4, $5, $6, $7, $8, $9)) r`;

/** The three events by which tasks end one by one, and what is particular to each. */
const EVENTS = {
  report: { ...(TRANSITIONS.report satisfies Transition), cause: 'failure', starts: true, callOver: false },
  failStart: { ...TRANSITIONS.failStart, fromHandedBack: [], cause: 'start', starts: false, callOver: true },
  cancel: { ...TRANSITIONS.cancel, fromHandedBack: [], cause: null, starts: false, callOver: false },
} as const;

export type EndEvent = keyof typeof EVENTS;

/**
 * Ends tasks, an id once, with everything that follows, in one transaction.
 *
 * @param wait false: what somebody else has locked is answered with BUSY; true: waits for it
 * @param onDoubt see commitKnownStatement
 * @returns with `heldUp`, the batches with dead ends that somebody else had locked: what is left of their climb
 *   is recorded, and propagateEnds goes on with it
 */
export async function endTasks(
  db: Db,
  event: EndEvent,
  ends: readonly TaskEnd[],
  { wait, cascadeLimit, deadEnds = true, onDoubt }: EffectLimits & { wait: boolean; onDoubt?: () => void },
): Promise<{ results: (EndResult | typeof BUSY)[]; effects: EndEffects; heldUp: readonly string[] }> {
  const { from, fromHandedBack, cause, starts, callOver } = EVENTS[event];
  const items = JSON.stringify(
    ends.map((end) => ({
      id: end.id,
      status: end.status,
      reason: end.reason,
      claim: end.claim,
      attempt: end.attempt,
      retryable: end.retryable,
      new_success: end.newSuccess,
      new_failures: end.newFailures,
      expected_count: end.expectedCount,
      priority: end.priority,
      metadata: end.metadata,
    })),
  );
  const {
    results,
    heldUp,
    xid: _,
    ...effects
  } = await commitKnownStatement<EndsRow>(
    db,
    {
      text: STATEMENT,
      values: [
        items,
        toArrayText(from),
        toArrayText(fromHandedBack),
        cause,
        String(starts),
        String(callOver),
        String(wait),
        String(cascadeLimit),
        String(deadEnds),
      ],
    },
    onDoubt,
  );
  const byId = new Map(results.map((result) => [result.id, result]));
  return {
    results: ends.map((end) => toResult(byId.get(end.id)!)),
    effects: { ...effects, nextAttemptsSecs: results.flatMap(({ retry_secs: secs }) => secs ?? []) },
    heldUp,
  };
}

/** An array of Postgres as text. */
const toArrayText = (statuses: readonly TaskStatus[]): string => `{${statuses.join(',')}}`;

function toResult(row: ResultRow): EndResult | typeof BUSY {
  switch (row.outcome) {
    case 'applied':
      return {
        outcome: 'applied',
        was: row.was,
        status: row.status as TerminalStatus,
        kind: row.kind,
        seconds: row.seconds,
      };
    case 'retried':
      return { outcome: 'retried', was: row.was, kind: row.kind, seconds: row.seconds };
    case 'conflict':
      return { outcome: 'conflict', status: row.status, attempt: row.attempt };
    case 'unknown':
      return { outcome: 'unknown' };
    case 'busy':
      return BUSY;
  }
}
