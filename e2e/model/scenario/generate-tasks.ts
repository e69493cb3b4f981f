import type { HttpVerb, Json, Matcher } from '@arcrun/client';
import type { Chance } from './chance.ts';
import { LONG_SECS, planBehaviour } from './generate-behaviour.ts';
import type { RuleStyle } from './generate-rules.ts';
import type { ActionPlan, Refusal, RetryPlan, TaskPlan, TaskRef } from './scenario.ts';

const BODIES: readonly Json[] = [
  { order: 7 },
  { arcrun: 'mine', nested: { a: [1, 2, { b: null }] } },
  {},
  [1, 'two', null],
  'text with "quotes" and \\ and ü',
  42.5,
  true,
  null,
];
const VERBS: readonly HttpVerb[] = ['Post', 'Post', 'Post', 'Put', 'Patch', 'Delete', 'Get'];
const TENANTS: readonly Json[] = ['x', 'y', 'x', 'y', 1, '1', { a: 1, b: [2] }];

export interface TasksOptions {
  readonly seed: number;
  readonly batch: string;
  readonly count: number;
  readonly kinds: readonly string[];
  readonly style: RuleStyle;
  readonly failureRate: number;
  readonly hasPriorities: boolean;
  readonly hasRetries: boolean;
  readonly dedupe: readonly Matcher[];
  readonly chance: Chance;
}

export interface PlannedTasks {
  readonly tasks: readonly TaskPlan[];
  /** Tasks that never end by themselves. */
  readonly endless: readonly TaskRef[];
}

/** The tasks of a batch: a random DAG, listed in any order. */
export function planTasks(options: TasksOptions): PlannedTasks {
  const { chance, count, batch } = options;
  const names = Array.from({ length: count }, (_, index) => `t${index}`);
  const parents = names.map((_, index) => chooseParents(index, chance));
  const endless: TaskRef[] = [];
  const tasks = names.map((name, index) => {
    const children = names.filter((_, other) => parents[other]!.some((parent) => parent.index === index));
    const refs = children.map((child): TaskRef => `${batch}/${child}`);
    const { task, isEndless } = planTask(options, name, parents[index]!, refs);
    if (isEndless) endless.push(task.ref);
    return task;
  });
  return { tasks: chance.oneIn(2) ? chance.shuffled(tasks) : tasks, endless };
}

interface Parent {
  readonly index: number;
  readonly requiresSuccess: boolean;
}

function chooseParents(index: number, chance: Chance): Parent[] {
  if (index === 0 || chance.oneIn(4)) return [];
  const count = Math.min(index, chance.small(1, 4));
  // Near ones more often, for long chains.
  const near = Array.from({ length: index }, (_, other) => other).slice(chance.oneIn(2) ? -5 : 0);
  return chance.some(near, count).map((parent) => ({ index: parent, requiresSuccess: chance.happens(0.6) }));
}

function planTask(
  options: TasksOptions,
  name: string,
  parents: readonly Parent[],
  children: readonly TaskRef[],
): { task: TaskPlan; isEndless: boolean } {
  const { seed, batch, chance, kinds, style, failureRate } = options;
  const ref: TaskRef = `${batch}/${name}`;
  const action = (what: string, nth = 0) => planAction(`/${seed}/${ref}/${what}/${nth}`, chance);
  const actions = (what: string) =>
    Array.from({ length: chance.pick([0, 0, 1, 1, 2]) }, (_, nth) => action(what, nth));
  const kind = chance.pick(kinds);
  const retry = options.hasRetries && chance.oneIn(2) ? planRetry(chance) : null;
  const maxAttempts = retry?.maxAttempts ?? 1;
  const attempts = Array.from({ length: maxAttempts }, (_, index) =>
    planBehaviour({
      task: ref,
      // An attempt that is followed by another one is there to fail.
      failureRate: index + 1 < maxAttempts ? Math.max(failureRate, 0.6) : failureRate,
      cancelAction: action('cancel', index),
      attempt: index + 1,
      isRetried: retry !== null,
      children,
      chance,
    }),
  );
  const timeoutSecs = Math.min(...attempts.map((attempt) => attempt.timeoutSecs));
  const task: TaskPlan = {
    ref,
    name,
    kind,
    dependencies: parents.map(({ index, requiresSuccess }) => ({ name: `t${index}`, requiresSuccess })),
    timeoutSecs,
    metadata: planMetadata(style, chance),
    rules: style.rulesOf(kind, chance),
    dedupe: options.dedupe,
    expectedCount: style.needsExpectedCount || chance.oneIn(4) ? chance.between(0, 10) : null,
    priority: options.hasPriorities ? chance.pick([0, 0, 5, -5, 1000, -1000, 1]) : 0,
    deadEndBarrier: chance.oneIn(8),
    // What starts has nothing that refuses it: how on_start is answered is the behaviour's.
    onStart: { ...action('start'), refusals: [] },
    onSuccess: actions('success'),
    onFailure: actions('failure'),
    retry,
    behaviours: attempts.map(({ behaviour }) => behaviour),
  };
  return { task, isEndless: timeoutSecs === LONG_SECS && attempts.some((attempt) => attempt.isEndless) };
}

export const MAX_ATTEMPTS = 3;

function planRetry(chance: Chance): RetryPlan {
  return {
    maxAttempts: chance.between(2, MAX_ATTEMPTS),
    backoffMs: chance.pick([0, 100, 400]),
    backoffFactor: chance.pick([1, 2]),
    hasJitter: chance.oneIn(2),
    on: chance.pick([
      ['failure', 'timeout', 'start'],
      ['failure', 'timeout', 'start'],
      ['failure'],
      ['timeout', 'start'],
    ]),
  };
}

/** With `mayBlock` some tasks lack what the rules ask for. */
function planMetadata(style: RuleStyle, chance: Chance): TaskPlan['metadata'] {
  if (style.mayBlock && chance.oneIn(5)) return null;
  return {
    tenant: chance.pick(TENANTS),
    ...(chance.oneIn(2) && { note: chance.pick(['a', 'b']) }),
    ...(chance.oneIn(2) && { rare: 1 }),
  };
}

export function planAction(target: string, chance: Chance): ActionPlan {
  const query = chance.pick(['', '', '?a=1&b=%20c', '?handle=mine']);
  return {
    target: target + query,
    verb: chance.pick(VERBS),
    ...(chance.oneIn(2) && { body: chance.pick(BODIES) }),
    ...(chance.oneIn(3) && {
      headers: { 'X-Own': `own ${chance.between(0, 99)}`, 'x-task-id': 'not mine to say' },
    }),
    refusals: chance.oneIn(8) ? [chance.pick<Refusal>([{ status: 500 }, { status: 302 }, 'reset'])] : [],
  };
}
