import type { Workflow } from '@arcrun/local';
import { Chance } from '../../model/scenario/chance.ts';

/** What a task does, decided before it is created. */
export interface PlannedTask {
  readonly name: string;
  readonly kind: Kind;
  readonly tenant: string;
  readonly parents: readonly { readonly name: string; readonly requiresSuccess: boolean }[];
  readonly outcome: 'Success' | 'Failure';
  /** How many attempts fail before the one with the outcome; null when it has only one. */
  readonly failedAttempts: number | null;
  readonly workMs: number;
  /** How many times each attempt counts a success, one each, before it ends. */
  readonly additions: number;
}

export interface PlannedBatch {
  readonly name: string;
  readonly tasks: readonly PlannedTask[];
  /** When its client loses patience and stops it. */
  readonly stopAfterMs?: number;
}

/**
 * - free: no rule
 * - limited: so many of a tenant may run at once
 * - measured: as long as the work that is left in those of a tenant is below a limit
 */
type Kind = 'free' | 'limited' | 'measured';

export const LIMIT_OF_TENANT = 3;
export const CAPACITY_OF_TENANT = 6;
const TENANTS = ['north', 'east', 'south', 'west'];
const KINDS: readonly Kind[] = ['free', 'free', 'limited', 'measured'];
const MAX_PARENTS = 3;
export const MAX_ATTEMPTS = 3;
export const BACKOFF_SECS = 0.3;
/** A parent is one of so many tasks before it: graphs that are deep, and wide. */
const REACH = 12;

/** A random DAG; the same for the same seed. */
export function planBatch(seed: number, size: number): PlannedBatch {
  const chance = new Chance(seed);
  const tasks = Array.from({ length: size }, (_, index): PlannedTask => {
    const near = Array.from({ length: Math.min(index, REACH) }, (__, back) => `t${index - 1 - back}`);
    const parents = chance.some(near, chance.small(0, MAX_PARENTS));
    const kind = chance.pick(KINDS);
    const outcome = chance.oneIn(20) ? 'Failure' : 'Success';
    return {
      name: `t${index}`,
      kind,
      tenant: chance.pick(TENANTS),
      parents: parents.map((name) => ({ name, requiresSuccess: !chance.oneIn(4) })),
      outcome,
      failedAttempts: chance.oneIn(2) ? planFailures(outcome, chance) : null,
      workMs: chance.small(5, 400),
      additions: kind === 'measured' ? chance.between(1, 4) : 0,
    };
  });
  const patience = chance.oneIn(12) ? { stopAfterMs: chance.between(100, 3000) } : {};
  return { name: `batch-${seed}`, tasks, ...patience };
}

/** A task fails in the end when all of its attempts do. */
function planFailures(outcome: PlannedTask['outcome'], chance: Chance): number {
  return outcome === 'Failure' ? MAX_ATTEMPTS - 1 : chance.small(0, MAX_ATTEMPTS - 1);
}

/** A workflow as it is, in which all goes well, as fast as said. */
export function planWorkflow({ name, tasks }: Workflow, run: string, workMs: number): PlannedBatch {
  return {
    name: `${name}-${run}`,
    tasks: tasks.map(({ id, parents }) => ({
      ...{
        name: id,
        kind: 'free',
        tenant: TENANTS[0]!,
        outcome: 'Success',
        failedAttempts: null,
        workMs,
        additions: 0,
      },
      parents: parents.map((parent) => ({ name: parent, requiresSuccess: true })),
    })),
  };
}
