import fc from 'fast-check';
import { type Link, propagateEnd, type PropagationRules } from './propagation.ts';
import type { TaskStatus, TerminalStatus } from './status.ts';

// What the tests of propagation are made of.

export const requires = (parent: string, child: string): Link<string> => ({
  parent,
  child,
  requiresSuccess: true,
});
export const follows = (parent: string, child: string): Link<string> => ({
  parent,
  child,
  requiresSuccess: false,
});

/** The states after some ends, one after another. */
export function statusesAfter(
  before: Record<string, TaskStatus>,
  links: readonly Link<string>[],
  ends: readonly [task: string, outcome: TerminalStatus][],
  rules: PropagationRules<string> = {},
): Record<string, TaskStatus> {
  const statuses = new Map(Object.entries(before));
  for (const [task, outcome] of ends) propagateEnd(statuses, links, task, outcome, rules);
  return Object.fromEntries(statuses);
}

/** A DAG whose tasks are numbered in topological order. */
export interface Graph {
  readonly size: number;
  readonly links: readonly Link<number>[];
  /** How each task would end if it ran. */
  readonly outcomes: readonly TerminalStatus[];
  readonly barriers: ReadonlySet<number>;
}

export const graphs: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: 12 }).chain((size) => {
  const pairs = Array.from({ length: size }, (_, child) =>
    Array.from({ length: child }, (__, parent) => ({ parent, child })),
  ).flat();
  return fc.record({
    size: fc.constant(size),
    links: fc
      .tuple(...pairs.map(() => fc.constantFrom('none', 'none', 'requires', 'follows')))
      .map((kinds) =>
        pairs.flatMap((pair, index) =>
          kinds[index] === 'none' ? [] : [{ ...pair, requiresSuccess: kinds[index] === 'requires' }],
        ),
      ),
    outcomes: fc.array(fc.constantFrom<TerminalStatus[]>('Success', 'Success', 'Failure', 'Canceled'), {
      minLength: size,
      maxLength: size,
    }),
    barriers: fc.uniqueArray(fc.nat(size - 1)).map((ids) => new Set(ids)),
  });
});

/** As they are created: with parents Waiting, without Pending. */
export function initialStatuses({ size, links }: Graph): Map<number, TaskStatus> {
  const children = new Set(links.map((link) => link.child));
  return new Map(
    Array.from({ length: size }, (_, task): [number, TaskStatus] => [
      task,
      children.has(task) ? 'Waiting' : 'Pending',
    ]),
  );
}

/** A choice among the ready ones for each step, as fast-check shrinks them. */
export const orders = fc.infiniteStream(fc.nat());

/** With dead ends, the order of the ends matters: who ends first may be needed still. */
export const withoutDeadEnds = { deadEnds: false };
