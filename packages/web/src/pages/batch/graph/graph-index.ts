import type { BasicTask, Link } from '../../../api/types.ts';

/** The shape of a batch, by the positions of its tasks. It never changes. */
export interface GraphIndex {
  readonly ids: readonly string[];
  readonly positionOf: ReadonlyMap<string, number>;
  readonly parents: readonly (readonly number[])[];
  readonly children: readonly (readonly number[])[];
  /** All positions, parents before their children. */
  readonly order: readonly number[];
  /** The number of links on the longest way from a task without parents. */
  readonly ranks: readonly number[];
}

export function indexGraph(tasks: readonly BasicTask[], links: readonly Link[]): GraphIndex {
  const ids = tasks.map(({ id }) => id);
  const positionOf = new Map(ids.map((id, position) => [id, position]));
  const parents: number[][] = ids.map(() => []);
  const children: number[][] = ids.map(() => []);
  for (const { parent_id: parentId, child_id: childId } of links) {
    const parent = positionOf.get(parentId);
    const child = positionOf.get(childId);
    if (parent === undefined || child === undefined) continue;
    parents[child]!.push(parent);
    children[parent]!.push(child);
  }
  return { ids, positionOf, parents, children, ...orderTasks(parents, children) };
}

function orderTasks(
  parents: readonly (readonly number[])[],
  children: readonly (readonly number[])[],
): { order: number[]; ranks: number[] } {
  const open = parents.map((list) => list.length);
  const ranks = parents.map(() => 0);
  const order = open.flatMap((count, position) => (count === 0 ? [position] : []));
  for (let next = 0; next < order.length; next++) {
    const position = order[next]!;
    for (const child of children[position]!) {
      ranks[child] = Math.max(ranks[child]!, ranks[position]! + 1);
      open[child]!--;
      if (open[child] === 0) order.push(child);
    }
  }
  return { order, ranks };
}

/** All that lies before a task (`parents`) or behind it (`children`), without itself. */
export function reach(index: GraphIndex, from: number, way: 'parents' | 'children'): Set<number> {
  const reached = new Set<number>();
  const next = [from];
  for (let position = next.pop(); position !== undefined; position = next.pop()) {
    for (const neighbour of index[way][position]!) {
      if (reached.has(neighbour)) continue;
      reached.add(neighbour);
      next.push(neighbour);
    }
  }
  return reached;
}

/**
 * The way through the batch that takes the longest, first task first. A task that has ended counts with its time, one
 * that runs with its time so far or that of its kind, whichever is longer, one that has not started with that of its
 * kind, and with a moment where nothing is known.
 */
export function criticalPath(index: GraphIndex, tasks: readonly BasicTask[], nowMs: number): number[] {
  const expected = meanDurations(tasks);
  const durations = tasks.map((task) => {
    const known = expected.get(task.kind) ?? 1;
    if (task.started_at === null) return task.ended_at === null ? known : 0;
    const lastedMs =
      (task.ended_at === null ? nowMs : Date.parse(task.ended_at)) - Date.parse(task.started_at);
    return Math.max(1, task.ended_at === null ? Math.max(known, lastedMs) : lastedMs);
  });
  const total = durations.slice();
  const before = new Map<number, number>();
  let last = index.order[0];
  for (const position of index.order) {
    for (const parent of index.parents[position]!) {
      const way = total[parent]! + durations[position]!;
      if (way > total[position]! || !before.has(position)) {
        total[position] = way;
        before.set(position, parent);
      }
    }
    if (last === undefined || total[position]! > total[last]!) last = position;
  }
  const path: number[] = [];
  for (let position = last; position !== undefined; position = before.get(position)) path.push(position);
  return path.reverse();
}

/** How long the tasks of each kind took that have ended, in milliseconds. */
function meanDurations(tasks: readonly BasicTask[]): Map<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { kind, started_at: from, ended_at: to } of tasks) {
    if (from === null || to === null) continue;
    const entry = sums.get(kind) ?? { sum: 0, count: 0 };
    entry.sum += Math.max(0, Date.parse(to) - Date.parse(from));
    entry.count++;
    sums.set(kind, entry);
  }
  return new Map([...sums].map(([kind, { sum, count }]) => [kind, sum / count]));
}
