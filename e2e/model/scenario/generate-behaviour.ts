import type { Chance } from './chance.ts';
import type { ActionPlan, Behaviour, Changes, Operation, StartAnswer, Step, TaskRef } from './scenario.ts';

export interface BehaviourOptions {
  readonly task: TaskRef;
  readonly failureRate: number;
  readonly cancelAction: ActionPlan;
  /** Which one it is of, and whether its handle says so. */
  readonly attempt: number;
  readonly isRetried: boolean;
  /** Tasks below this one, whose state is read once it has ended. */
  readonly children: readonly TaskRef[];
  readonly chance: Chance;
}

export interface PlannedBehaviour {
  readonly behaviour: Behaviour;
  readonly timeoutSecs: number;
  /** It never ends by itself. */
  readonly isEndless: boolean;
}

export const LONG_SECS = 60;
/** How many additions an attempt makes at the most. */
export const ADDITIONS_MAX = 7;

/**
 * What the receiver of a task does in an attempt. Additions to counters are powers of two, each used once for a task, so
 * that the counters of its attempts tell which of them were made, and in which.
 */
export function planBehaviour(options: BehaviourOptions): PlannedBehaviour {
  const { chance, failureRate } = options;
  const turn = chance.between(0, 99);
  if (turn < 5 && failureRate > 0) return refused(chance);
  if (turn < 8) return silent(options, 1);
  if (turn < 11) return silent(options, LONG_SECS);
  if (turn < 13) return slow(options);
  return working(options);
}

function refused(chance: Chance): PlannedBehaviour {
  const answer: StartAnswer = chance.oneIn(4) ? 'reset' : { status: chance.pick([500, 404, 302, 429]) };
  const steps: Step[] = [{ afterMs: chance.small(0, 40), operation: 'answer' }];
  return { behaviour: { answer, steps }, timeoutSecs: LONG_SECS, isEndless: false };
}

/** Accepts, and is never heard of again. */
function silent(options: BehaviourOptions, timeoutSecs: number): PlannedBehaviour {
  const { chance } = options;
  const steps: Step[] = [{ afterMs: chance.small(0, 40), operation: 'answer' }];
  if (chance.oneIn(3)) steps.push({ afterMs: 5, operation: addition(options, 0) });
  return {
    behaviour: { answer: acceptance(options), steps },
    timeoutSecs,
    isEndless: timeoutSecs === LONG_SECS,
  };
}

/** Works for longer than its timeout, and keeps itself alive by its progress. */
function slow(options: BehaviourOptions): PlannedBehaviour {
  const progress = Array.from({ length: 4 }, (_, nth): Step => ({
    afterMs: 350,
    operation: addition(options, nth),
  }));
  const steps: Step[] = [{ afterMs: 0, operation: 'answer' }, ...progress, ...endOf(options, 'Success', 4)];
  return { behaviour: { answer: acceptance(options), steps }, timeoutSecs: 1, isEndless: false };
}

function working(options: BehaviourOptions): PlannedBehaviour {
  const { chance, failureRate } = options;
  const additions = chance.small(0, 3);
  const steps: Step[] = Array.from({ length: additions }, (_, nth) => ({
    afterMs: chance.small(0, 30),
    operation: addition(options, nth),
  }));
  const outcome = chance.happens(failureRate) ? 'Failure' : 'Success';
  steps.push(...endOf(options, outcome, additions));
  // Now and then on_start is answered late, when the task has made progress or has ended.
  const answersAt = chance.oneIn(4) ? chance.between(0, steps.length) : 0;
  steps.splice(answersAt, 0, { afterMs: chance.small(0, 40), operation: 'answer' });
  const answer: StartAnswer = answersAt > 0 && chance.oneIn(6) ? { status: 500 } : acceptance(options);
  return { behaviour: { answer, steps }, timeoutSecs: LONG_SECS, isEndless: false };
}

function acceptance({ chance, cancelAction }: BehaviourOptions): StartAnswer {
  const status = chance.pick([200, 200, 200, 201, 202, 204]);
  // 204 has no body.
  if (status === 204 || chance.oneIn(3)) return { status };
  if (chance.oneIn(6))
    return { status, garbage: chance.pick([{ accepted: true }, ['x'], { kind: 'Webhook' }, 7]) };
  return { status, cancelAction };
}

/** The report of the end, and what follows it. `nth` is the number of the next addition. */
function endOf(options: BehaviourOptions, status: 'Success' | 'Failure', nth: number): Step[] {
  const { task, chance, children, isRetried } = options;
  const attempt = attemptOf(options);
  const report = (as: 'Success' | 'Failure', which: number, changes: Changes): Operation => ({
    what: 'report',
    task,
    status: as,
    reason: as === 'Failure' ? `${task} broke (${options.attempt}.${which})` : null,
    changes,
    attempt,
    isRetryable: !isRetried || !chance.oneIn(6),
  });
  const changes: Changes = {
    ...(chance.oneIn(4) && { new_success: amountOf(options, nth) }),
    ...(chance.oneIn(8) && { priority: chance.between(-5, 5) }),
    ...(chance.oneIn(8) && { metadata: { tenant: 'moved', by: 'its end' } }),
  };
  const steps: Step[] = [{ afterMs: chance.small(0, 60), operation: report(status, 0, changes) }];
  const child = children.length > 0 && chance.oneIn(3) ? chance.pick(children) : null;
  if (child !== null) steps.push({ afterMs: 0, operation: { what: 'read', task: child } });
  switch (chance.between(0, 11)) {
    case 0: // Said twice.
      steps.push({ afterMs: 0, operation: report(status, 1, { new_failures: amountOf(options, nth + 1) }) });
      break;
    case 1: // Contradicts itself.
      steps.push({ afterMs: 0, operation: report(status === 'Success' ? 'Failure' : 'Success', 2, {}) });
      break;
    case 2:
      steps.push({ afterMs: 0, operation: addition(options, nth + 2) });
      break;
    case 3:
      steps.push({ afterMs: 0, operation: { what: 'cancel', task } });
      break;
    default:
  }
  return steps;
}

const attemptOf = ({ attempt, isRetried }: BehaviourOptions): number | null => (isRetried ? attempt : null);

const amountOf = ({ attempt }: BehaviourOptions, nth: number): number =>
  2 ** (ADDITIONS_MAX * (attempt - 1) + nth);

function addition(options: BehaviourOptions, nth: number): Operation {
  const { task, chance } = options;
  const amount = amountOf(options, nth);
  const [success, failures] = chance.pick<[number, number]>([
    [amount, 0],
    [0, amount],
    [amount, amount],
  ]);
  return { what: 'progress', task, success, failures, attempt: attemptOf(options) };
}
