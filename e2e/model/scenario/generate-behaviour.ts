import type { Chance } from './chance.ts';
import type { ActionPlan, Behaviour, Changes, Operation, StartAnswer, Step, TaskRef } from './scenario.ts';

export interface BehaviourOptions {
  readonly task: TaskRef;
  readonly failureRate: number;
  readonly cancelAction: ActionPlan;
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

const LONG_SECS = 60;

/**
 * What the receiver of a task does. Additions to counters are powers of two, each used once for a task, so that the
 * final counters tell which of them were made.
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
  const { task, chance } = options;
  const steps: Step[] = [{ afterMs: chance.small(0, 40), operation: 'answer' }];
  if (chance.oneIn(3)) steps.push({ afterMs: 5, operation: addition(task, 0, chance) });
  return {
    behaviour: { answer: acceptance(options), steps },
    timeoutSecs,
    isEndless: timeoutSecs === LONG_SECS,
  };
}

/** Works for longer than its timeout, and keeps itself alive by its progress. */
function slow(options: BehaviourOptions): PlannedBehaviour {
  const { task, chance } = options;
  const progress = Array.from({ length: 4 }, (_, nth): Step => ({
    afterMs: 350,
    operation: addition(task, nth, chance),
  }));
  const steps: Step[] = [{ afterMs: 0, operation: 'answer' }, ...progress, ...endOf(options, 'Success', 4)];
  return { behaviour: { answer: acceptance(options), steps }, timeoutSecs: 1, isEndless: false };
}

function working(options: BehaviourOptions): PlannedBehaviour {
  const { task, chance, failureRate } = options;
  const additions = chance.small(0, 3);
  const steps: Step[] = Array.from({ length: additions }, (_, nth) => ({
    afterMs: chance.small(0, 30),
    operation: addition(task, nth, chance),
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
  const { task, chance, children } = options;
  const report = (as: 'Success' | 'Failure', which: number, changes: Changes): Operation => ({
    what: 'report',
    task,
    status: as,
    reason: as === 'Failure' ? `${task} broke (${which})` : null,
    changes,
  });
  const changes: Changes = {
    ...(chance.oneIn(4) && { new_success: 2 ** nth }),
    ...(chance.oneIn(8) && { priority: chance.between(-5, 5) }),
    ...(chance.oneIn(8) && { metadata: { tenant: 'moved', by: 'its end' } }),
  };
  const steps: Step[] = [{ afterMs: chance.small(0, 60), operation: report(status, 0, changes) }];
  const child = children.length > 0 && chance.oneIn(3) ? chance.pick(children) : null;
  if (child !== null) steps.push({ afterMs: 0, operation: { what: 'read', task: child } });
  switch (chance.between(0, 11)) {
    case 0: // Said twice.
      steps.push({ afterMs: 0, operation: report(status, 1, { new_failures: 2 ** (nth + 1) }) });
      break;
    case 1: // Contradicts itself.
      steps.push({ afterMs: 0, operation: report(status === 'Success' ? 'Failure' : 'Success', 2, {}) });
      break;
    case 2:
      steps.push({ afterMs: 0, operation: addition(task, nth + 2, chance) });
      break;
    case 3:
      steps.push({ afterMs: 0, operation: { what: 'cancel', task } });
      break;
    default:
  }
  return steps;
}

function addition(task: TaskRef, nth: number, chance: Chance): Operation {
  const amount = 2 ** nth;
  const [success, failures] = chance.pick<[number, number]>([
    [amount, 0],
    [0, amount],
    [amount, amount],
  ]);
  return { what: 'progress', task, success, failures };
}
