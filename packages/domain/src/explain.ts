import type { Rule } from './rules.ts';
import type { TaskStatus, TerminalStatus } from './status.ts';

/** Another task, as an explanation names it. */
export interface NamedTask {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly status: TaskStatus;
}

export type OpenParent = NamedTask & { readonly requires_success: boolean };

/** What is known of a rule of a task that has not started. */
export interface RuleFacts {
  readonly rule: Rule;
  /** Names of the matcher that the task's metadata lacks. */
  readonly missing_fields: readonly string[];
  /** A capacity rule on a task without expected_count. */
  readonly is_uncounted: boolean;
  /** What is counted besides the task itself; only of a Pending task, like what follows. */
  readonly occupancy?: number;
  readonly is_full?: boolean;
  /** The rule looks at tasks in a way that is new, and not all that were there before it are counted yet. */
  readonly is_being_counted?: boolean;
  /** Of a full rule: some of the tasks that are counted. */
  readonly holders?: readonly NamedTask[] | null;
  /** Of a full rule: how many tasks wait before this one, counted up to {@link QUEUE_COUNTED} and one more. */
  readonly before?: number | null;
}

/** How far the tasks before one in a queue are counted. */
export const QUEUE_COUNTED = 5000;

/** What the database knows about a task, by its status; times are RFC 3339. */
export type TaskFacts = StoppedFacts | ClaimedFacts | RunningFacts | EndedFacts;

interface StoppedFacts {
  readonly status: 'Waiting' | 'Pending' | 'Paused';
  readonly kind: string;
  readonly open_parents: number;
  /** The first ones. */
  readonly parents: readonly OpenParent[];
  readonly rules: readonly RuleFacts[];
  /** The open breaker of the receiver of its on_start. */
  readonly breaker: { readonly origin: string; readonly probe_at: string } | null;
  readonly has_workers: boolean;
  /** Every worker has as many calls open as it may. */
  readonly are_workers_full: boolean;
  /** Its receiver, when no worker may open a further call to it. */
  readonly full_origin: string | null;
  /** While an attempt failed and the next one is not due. */
  readonly backoff: Backoff | null;
}

/** The time between two attempts. */
interface Backoff {
  /** The one that comes. */
  readonly attempt: number;
  readonly max_attempts: number;
  readonly next_attempt_at: string;
  /** Of the attempt before. */
  readonly failure_reason: string;
}

interface ClaimedFacts {
  readonly status: 'Claimed';
  readonly claimed_at: string;
  readonly worker_id: string;
  readonly is_worker_alive: boolean;
}

interface RunningFacts {
  readonly status: 'Running';
  readonly started_at: string;
  readonly times_out_at: string;
}

interface EndedFacts {
  readonly status: TerminalStatus;
  readonly ended_at: string;
  readonly failure_reason: string | null;
}

/** Something that a task waits for, as the API shows it. */
export type WaitingFor =
  | ({ readonly type: 'parent' } & OpenParent)
  | {
      readonly type: 'rule';
      readonly rule: Rule;
      readonly occupancy: number;
      readonly limit: number;
      readonly holders: readonly NamedTask[];
      /** Null when the task is in no queue, since something else lets it never start. */
      readonly position: number | null;
      /** Given when there are more before it than were counted. */
      readonly position_is_minimum?: true;
      /** Given while tasks that were there before the rule are still being counted; it lets nothing start until then. */
      readonly occupancy_is_minimum?: true;
    }
  | { readonly type: 'paused' }
  | { readonly type: 'metadata'; readonly field: string; readonly rule: Rule }
  | {
      readonly type: 'origin';
      readonly origin: string;
      readonly reason: 'breaker';
      readonly probe_at: string;
    }
  | { readonly type: 'origin'; readonly origin: string; readonly reason: 'full' }
  | ({ readonly type: 'retry' } & Backoff)
  | { readonly type: 'worker' };

export interface Explanation {
  readonly status: TaskStatus;
  readonly open_parents: number;
  readonly waiting_for: readonly WaitingFor[];
  /** One sentence: what will let it go on. */
  readonly frees: string;
}

/** Why a task has not started and what would free it, or what it is doing. */
export function explain(facts: TaskFacts): Explanation {
  const { status } = facts;
  const said = (frees: string): Explanation => ({ status, open_parents: 0, waiting_for: [], frees });
  switch (facts.status) {
    case 'Success':
    case 'Failure':
    case 'Canceled':
      return said(
        `It ended as ${status} at ${facts.ended_at}${facts.failure_reason === null ? '' : `: ${facts.failure_reason}`}`,
      );
    case 'Running':
      return said(
        `It runs since ${facts.started_at}; it fails with a timeout at ${facts.times_out_at} unless its client reports before`,
      );
    case 'Claimed':
      return said(
        facts.is_worker_alive
          ? `Worker ${facts.worker_id} calls its on_start since ${facts.claimed_at}; it runs when that is answered with 2xx`
          : `Worker ${facts.worker_id}, which claimed it at ${facts.claimed_at}, is gone; it is Pending again when another worker hands it back`,
      );
    case 'Waiting':
    case 'Pending':
    case 'Paused':
      return explainStopped(facts);
  }
}

function explainStopped(facts: StoppedFacts): Explanation {
  const inTheWay = [
    ...pause(facts),
    ...nextAttempt(facts),
    ...parents(facts),
    ...facts.rules.flatMap((rule) => lacks(rule)),
    ...(facts.status === 'Pending' ? obstacles(facts) : []),
  ];
  // Workers are asked for room only by what may start.
  const waits = inTheWay.length === 0 ? fullOrigin(facts) : inTheWay;
  return {
    status: facts.status,
    open_parents: facts.open_parents,
    waiting_for: waits.flatMap(({ items }) => items),
    frees:
      waits.length === 0
        ? whenNothingIsInTheWay(facts)
        : `It starts when ${list(waits.map(({ when }) => when))}`,
  };
}

function whenNothingIsInTheWay({ are_workers_full: areWorkersFull }: StoppedFacts): string {
  return areWorkersFull
    ? 'It starts when a call is answered: each worker has as many open as it may'
    : 'Nothing holds it back: the next round of a worker starts it';
}

function fullOrigin({ are_workers_full: areWorkersFull, full_origin: origin }: StoppedFacts): Wait[] {
  if (areWorkersFull || origin === null) return [];
  return [
    {
      items: [{ type: 'origin', origin, reason: 'full' }],
      when: `a call to ${origin} is answered, since each worker has as many open to it as it may`,
    },
  ];
}

/** Something in the way, and what must come about, as the rest of "It starts when …". */
interface Wait {
  readonly items: readonly WaitingFor[];
  readonly when: string;
}

function pause({ status }: StoppedFacts): Wait[] {
  return status === 'Paused' ? [{ items: [{ type: 'paused' }], when: 'it is resumed' }] : [];
}

function nextAttempt({ backoff }: StoppedFacts): Wait[] {
  if (backoff === null) return [];
  const { attempt, max_attempts: of, next_attempt_at: at, failure_reason: reason } = backoff;
  return [
    {
      items: [{ type: 'retry', ...backoff }],
      when: `attempt ${attempt} of ${of} is due at ${at} (${reason})`,
    },
  ];
}

function parents({ open_parents: count, parents: first }: StoppedFacts): Wait[] {
  if (count === 0) return [];
  const items = first.map((parent) => ({ type: 'parent', ...parent }) as const);
  const names = first.slice(0, 3).map(({ name }) => `"${name}"`);
  const others = count - names.length;
  const named = list(others > 0 ? [...names, `${others} more`] : names);
  const isRequired = first.some((parent) => parent.requires_success);
  const when =
    count === 1
      ? `its parent ${named} has ${isRequired ? 'succeeded' : 'ended'}`
      : `its parents ${named} have ended${isRequired ? ', the required ones as Success' : ''}`;
  return [{ items, when }];
}

function lacks({ rule, missing_fields: fields, is_uncounted: isUncounted }: RuleFacts): Wait[] {
  const missing = fields.map((field) => ({
    items: [{ type: 'metadata', field, rule } as const],
    when: `its metadata has the field "${field}", which a rule looks at`,
  }));
  if (!isUncounted) return missing;
  const item = { type: 'metadata', field: 'expected_count', rule } as const;
  return [...missing, { items: [item], when: 'it has an expected_count, which a capacity rule asks for' }];
}

function obstacles({ kind, rules, breaker, has_workers: hasWorkers }: StoppedFacts): Wait[] {
  const full = rules
    .filter((rule) => rule.is_full === true || rule.is_being_counted === true)
    .map((rule) => fullRule(rule, kind));
  const origin: Wait[] =
    breaker === null
      ? []
      : [
          {
            items: [{ type: 'origin', ...breaker, reason: 'breaker' }],
            when: `${breaker.origin} answers again, which is tried at ${breaker.probe_at}`,
          },
        ];
  const worker: Wait[] = hasWorkers ? [] : [{ items: [{ type: 'worker' }], when: 'a worker is alive' }];
  return [...full, ...origin, ...worker];
}

function fullRule(facts: RuleFacts, kind: string): Wait {
  const { rule, occupancy = 0, holders, before = null, is_being_counted: isBeingCounted = false } = facts;
  const limit = rule.type === 'Capacity' ? rule.max_capacity : rule.max_concurency;
  const isUncountedBefore = before !== null && before > QUEUE_COUNTED;
  const position = before === null ? null : before + 1;
  const amount = isBeingCounted ? `${occupancy} so far, which is still being counted` : `now ${occupancy}`;
  return {
    items: [
      {
        type: 'rule',
        rule,
        occupancy,
        limit,
        holders: holders ?? [],
        position,
        ...(isUncountedBefore && { position_is_minimum: true }),
        ...(isBeingCounted && { occupancy_is_minimum: true }),
      },
    ],
    when: `${room(rule, kind, limit)} (${amount}${queue(position, isUncountedBefore)})`,
  };
}

function room({ type, matcher }: Rule, kind: string, limit: number): string {
  const status = matcher.status === 'Running' ? 'Claimed or Running' : matcher.status;
  const same = matcher.fields.length === 0 ? '' : ` with the same ${list(matcher.fields)}`;
  const tasks = (noun: string) => `${status} ${noun} of kind "${matcher.kind}"${same}`;
  if (type === 'Capacity') return `the remaining work of ${tasks('tasks')} is below ${limit}`;
  // Of another kind there may be as many as the limit says.
  const isOwn = matcher.kind === kind;
  if (limit === (isOwn ? 1 : 0)) return `there is no ${tasks('task')}`;
  return `there are ${isOwn ? 'fewer than' : 'at most'} ${limit} ${tasks('tasks')}`;
}

function queue(position: number | null, isMinimum: boolean): string {
  if (position === null || position === 1) return '';
  return `, and ${isMinimum ? 'more than ' : ''}${position - (isMinimum ? 2 : 1)} wait before it`;
}

function list(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
