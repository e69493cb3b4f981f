import type { PlannedBatch, PlannedTask } from './plan.ts';

export type End = 'Success' | 'Failure' | 'Canceled';

/**
 * How each task of a batch may end, whatever the order in which things happen: by its own outcome when it runs, by the
 * failure of a parent that it requires, as a dead end when all its children have ended before it, or with its batch when
 * that is stopped.
 */
export function allowedEnds({ tasks, stopAfterMs }: PlannedBatch): ReadonlyMap<string, ReadonlySet<End>> {
  const ends = new Map<string, Set<End>>(
    tasks.map(({ name }) => [name, new Set(stopAfterMs === undefined ? [] : ['Canceled'])]),
  );
  const children = Map.groupBy(
    tasks.flatMap((child) => child.parents.map((parent) => ({ parent: parent.name, child }))),
    ({ parent }) => parent,
  );
  const maySpoil = (name: string): boolean =>
    ends.get(name)!.has('Failure') || ends.get(name)!.has('Canceled');
  /** Whether a child may end while this parent has not: by another parent, or as a dead end itself. */
  const mayEndBefore = (child: PlannedTask, parent: string): boolean =>
    child.parents.some(({ name, requiresSuccess }) => name !== parent && requiresSuccess && maySpoil(name)) ||
    ends.get(child.name)!.has('Canceled');
  const step = ({ name, parents, outcome }: PlannedTask): boolean => {
    const own = ends.get(name)!;
    const before = own.size;
    const required = parents.filter(({ requiresSuccess }) => requiresSuccess);
    if (required.every((parent) => ends.get(parent.name)!.has('Success'))) own.add(outcome);
    if (required.some((parent) => maySpoil(parent.name))) own.add('Failure');
    const below = children.get(name) ?? [];
    if (below.length > 0 && below.every(({ child }) => mayEndBefore(child, name))) own.add('Canceled');
    return own.size > before;
  };
  // Each step only adds, so it comes to rest.
  while (tasks.map(step).includes(true));
  return ends;
}
