import { clip } from './field-path.ts';

/** The cycle of a message is cut in the middle when it has more members. */
const NAMED_MAX = 100;

/** `parents[i]` lists the indexes of the tasks that task i waits for. */
export type Parents = readonly (readonly number[])[];

/** The edges the other way round: who waits for task i. */
function childrenOf(parents: Parents): number[][] {
  const children: number[][] = parents.map(() => []);
  for (const [child, list] of parents.entries()) for (const parent of list) children[parent]!.push(child);
  return children;
}

/**
 * Orders tasks so that parents come before children (Kahn; among those that are free, in the order of the input).
 *
 * @returns all indexes when there is no cycle; else only those that are not in or behind one
 */
export function topologicalOrder(parents: Parents): number[] {
  const children = childrenOf(parents);
  const open = parents.map((list) => list.length);
  const order: number[] = [];
  for (const [index, count] of open.entries()) if (count === 0) order.push(index);
  // The order itself is the queue: it grows while it is walked.
  for (const index of order) {
    for (const child of children[index]!) {
      open[child] = open[child]! - 1;
      if (open[child] === 0) order.push(child);
    }
  }
  return order;
}

/** The shortest cycle through `start` along parent edges, as indexes parent first; null when there is none. */
function shortestCycleThrough(
  start: number,
  parents: Parents,
  isCandidate: readonly boolean[],
): number[] | null {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const index of queue) {
    for (const parent of parents[index]!) {
      if (parent === start) {
        const cycle = [];
        for (let at = index; at !== start; at = cameFrom.get(at)!) cycle.push(at);
        return [start, ...cycle];
      }
      if (!isCandidate[parent] || cameFrom.has(parent)) continue;
      cameFrom.set(parent, index);
      queue.push(parent);
    }
  }
  return null;
}

/**
 * Finds a cycle among the tasks that {@link topologicalOrder} left out: the shortest one through some task of it.
 * Without recursion, so depth does not matter.
 *
 * @returns indexes in the direction parent to child, the first not repeated at the end; null when there is no cycle
 */
export function findCycle(parents: Parents, order: readonly number[]): number[] | null {
  const isLeftOut = parents.map(() => true);
  for (const index of order) isLeftOut[index] = false;
  let at = isLeftOut.indexOf(true);
  if (at === -1) return null;
  // Each task left out has a parent that is left out, so walking up must come round.
  const seen = new Set<number>();
  while (!seen.has(at)) {
    seen.add(at);
    at = parents[at]!.find((parent) => isLeftOut[parent])!;
  }
  return shortestCycleThrough(at, parents, isLeftOut);
}

/** `a -> b -> a`, the arrow pointing from parent to child. */
export function describeCycle(cycle: readonly number[], nameOf: (index: number) => string): string {
  const names = [...cycle, cycle[0]!].map((index) => clip(nameOf(index)));
  if (names.length <= NAMED_MAX) return names.join(' -> ');
  const half = NAMED_MAX / 2;
  const left = names.length - NAMED_MAX;
  return [...names.slice(0, half), `… ${left} more …`, ...names.slice(-half)].join(' -> ');
}
