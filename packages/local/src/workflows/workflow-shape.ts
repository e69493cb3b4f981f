/** The part of a task that makes the graph. */
interface Node {
  id: string;
  parents: readonly string[];
}

/** The tasks in an order in which parents come first; those on or behind a cycle are missing. */
function parentsFirst<T extends Node>(tasks: readonly T[]): T[] {
  const children = new Map<string, T[]>();
  const openParents = new Map<string, number>();
  for (const task of tasks) {
    openParents.set(task.id, task.parents.length);
    for (const parent of task.parents) {
      const known = children.get(parent);
      if (known) known.push(task);
      else children.set(parent, [task]);
    }
  }
  const ordered = tasks.filter((task) => task.parents.length === 0);
  // The list grows while it is walked.
  for (const task of ordered) {
    for (const child of children.get(task.id) ?? []) {
      const open = (openParents.get(child.id) ?? 0) - 1;
      openParents.set(child.id, open);
      if (open === 0) ordered.push(child);
    }
  }
  return ordered;
}

/** The ids along one cycle, the first one again at the end; undefined when there is none. All parents must be known. */
export function findCycle(tasks: readonly Node[]): string[] | undefined {
  const sorted = new Set(parentsFirst(tasks).map((task) => task.id));
  const left = new Map(tasks.filter((task) => !sorted.has(task.id)).map((task) => [task.id, task]));
  const [start] = left.keys();
  if (start === undefined) return undefined;
  // Each task that is left has a parent that is left, so the walk upwards must meet itself.
  const path: string[] = [];
  for (let at = start; ;) {
    const seenAt = path.indexOf(at);
    if (seenAt >= 0) return [...path.slice(seenAt), at].reverse();
    path.push(at);
    at = left.get(at)?.parents.find((parent) => left.has(parent)) ?? start;
  }
}

/** The level of each task by id: 1 without parents, else one more than its deepest parent. The graph has no cycle. */
export function levelsOf(tasks: readonly Node[]): Map<string, number> {
  const levels = new Map<string, number>();
  for (const task of parentsFirst(tasks)) {
    levels.set(task.id, 1 + maxOver(task.parents, levels));
  }
  return levels;
}

/** The greatest sum of runtimes along parents, in seconds. The graph has no cycle. */
export function longestPathSeconds(tasks: readonly (Node & { runtime_seconds: number })[]): number {
  const endsAt = new Map<string, number>();
  let longest = 0;
  for (const task of parentsFirst(tasks)) {
    const end = task.runtime_seconds + maxOver(task.parents, endsAt);
    endsAt.set(task.id, end);
    longest = Math.max(longest, end);
  }
  return longest;
}

function maxOver(ids: readonly string[], values: ReadonlyMap<string, number>): number {
  let max = 0;
  for (const id of ids) max = Math.max(max, values.get(id) ?? 0);
  return max;
}
