import type { Matcher } from '@arcrun/client';
import { Chance } from './chance.ts';
import { chooseRuleStyle, type RuleStyle } from './generate-rules.ts';
import { ADDITIONS_MAX } from './generate-behaviour.ts';
import { MAX_ATTEMPTS, type PlannedTasks, planAction, planTasks } from './generate-tasks.ts';
import type { BatchPlan, Changes, Intervention, Operation, Scenario, TaskPlan } from './scenario.ts';

const TASKS_MAX = 40;
/** Additions from here on are of nobody's attempt. */
const FIRST_OF_CLIENTS = ADDITIONS_MAX * MAX_ATTEMPTS;

/** Everything about a scenario follows from its seed. Kinds carry the seed, so that scenarios do not meet. */
export function generateScenario(seed: number): Scenario {
  const chance = new Chance(seed);
  const kinds = ['a', 'b', 'c'].slice(0, chance.between(1, 3)).map((kind) => `model-${seed}-${kind}`);
  const style = chooseRuleStyle(kinds, chance);
  const shared = {
    seed,
    kinds,
    style,
    failureRate: chance.pick([0, 0.05, 0.15, 0.3]),
    hasPriorities: chance.oneIn(2),
    hasRetries: chance.oneIn(2),
    chance,
  };
  const names = chance.oneIn(4) ? ['b0', 'b1'] : ['b0'];
  const planned = names.map((batch, index) =>
    planTasks({
      ...shared,
      batch,
      count: chance.small(1, index === 0 ? TASKS_MAX : 12),
      dedupe: chance.oneIn(index === 0 ? 10 : 2) ? planDedupe(kinds, chance) : [],
    }),
  );
  const batches = names.map((name, index): BatchPlan => ({
    name,
    tasks: planned[index]!.tasks,
    onComplete: Array.from({ length: chance.pick([0, 1, 1, 2]) }, (_, nth) =>
      planAction(`/${seed}/${name}/complete/${nth}`, chance),
    ),
    scope: chance.oneIn(3) ? `scope ${seed}` : null,
  }));
  const tasks = batches.flatMap((batch) => batch.tasks);
  const creations = batches.map(({ name }, index): Intervention => ({
    afterStarts: index === 0 ? 0 : chance.between(0, batches[0]!.tasks.length),
    afterMs: index === 0 ? 0 : chance.small(0, 50),
    operation: { what: 'create', batch: name },
  }));
  const meddling = chance.oneIn(2) ? [] : planMeddling(batches, tasks, style, chance);
  return {
    seed,
    batches,
    interventions: [...creations, ...meddling],
    closing: planClosing(batches, kinds, style, planned, meddling),
  };
}

function planDedupe(kinds: readonly string[], chance: Chance): Matcher[] {
  return Array.from({ length: chance.between(1, 2) }, () => ({
    status: chance.pick(['Waiting', 'Pending', 'Running', 'Success', 'Failure'] as const),
    kind: chance.pick(kinds),
    fields: chance.pick([['tenant', 'note'], ['tenant', 'rare', 'note'], ['tenant']]),
  }));
}

/** What clients do in the middle of it. */
function planMeddling(
  batches: readonly BatchPlan[],
  tasks: readonly TaskPlan[],
  style: RuleStyle,
  chance: Chance,
): Intervention[] {
  const additions = new Map<string, number>();
  const meddling: Intervention[] = [];
  for (let left = chance.between(1, 6); left > 0; left--) {
    const task = chance.pick(tasks);
    // Above those that its receivers make: each addition of a task is another power of two.
    const nth = FIRST_OF_CLIENTS + (additions.get(task.ref) ?? 0);
    additions.set(task.ref, nth - FIRST_OF_CLIENTS + 1);
    const afterStarts = chance.between(0, tasks.length);
    const afterMs = chance.small(0, 60);
    for (const operation of chooseOperations(batches, task, nth, style, chance)) {
      meddling.push({ afterStarts, afterMs, operation });
    }
  }
  return meddling;
}

function chooseOperations(
  batches: readonly BatchPlan[],
  plan: TaskPlan,
  nth: number,
  style: RuleStyle,
  chance: Chance,
): Operation[] {
  const task = plan.ref;
  const batch = task.split('/')[0]!;
  switch (chance.between(0, 13)) {
    case 0:
    case 1:
      return [{ what: 'cancel', task }];
    case 2:
    case 3:
    case 4:
      return chance.oneIn(4)
        ? [
            { what: 'pause', task },
            { what: 'pause', task },
          ]
        : [{ what: 'pause', task }];
    case 5:
      return [{ what: 'resume', task }];
    case 6:
      return chance.oneIn(2)
        ? [{ what: 'stop', batch: chance.pick(batches).name }]
        : [{ what: 'read', task }];
    case 7: {
      const rules = chance.oneIn(3) || style.needsExpectedCount ? [] : style.rulesOf(plan.kind, chance);
      return [{ what: 'rules', batch, kind: plan.kind, rules }];
    }
    case 8:
    case 9:
      return [{ what: 'change', task, changes: chooseChanges(nth, chance) }];
    case 10:
    case 11: {
      const status = chance.pick(['Success', 'Failure'] as const);
      const reason = status === 'Failure' ? `${task} was reported from outside (${nth})` : null;
      return [{ what: 'report', task, status, reason, changes: {}, attempt: null, isRetryable: true }];
    }
    default:
      return [{ what: 'progress', task, success: 2 ** nth, failures: 0, attempt: null }];
  }
}

function chooseChanges(nth: number, chance: Chance): Changes {
  switch (chance.between(0, 3)) {
    case 0:
      return { priority: chance.between(-9, 9) };
    case 1:
      return { metadata: { tenant: chance.pick(['x', 'y', 'moved']), rare: 1, note: 'changed' } };
    case 2:
      return { expected_count: chance.between(0, 10) };
    default:
      return { new_failures: 2 ** nth };
  }
}

/** Lets everything end that would not by itself. */
function planClosing(
  batches: readonly BatchPlan[],
  kinds: readonly string[],
  style: RuleStyle,
  planned: readonly PlannedTasks[],
  meddling: readonly Intervention[],
): Operation[][] {
  const paused = meddling.flatMap(({ operation }) => (operation.what === 'pause' ? [operation.task] : []));
  const hasForeignRules = style.mayBlock || meddling.some(({ operation }) => operation.what === 'rules');
  const stages: Operation[][] = [
    [...new Set(paused)].map((task) => ({ what: 'resume', task })),
    hasForeignRules
      ? batches.flatMap(({ name: batch }) =>
          kinds.map((kind): Operation => ({ what: 'rules', batch, kind, rules: [] })),
        )
      : [],
    planned.flatMap(({ endless }) => endless).map((task) => ({ what: 'cancel', task })),
  ];
  return stages.filter((stage) => stage.length > 0);
}
