import type { BasicTask } from '../../../api/types.ts';

/**
 * Puts changed tasks into a list of all, and keeps the objects of those that are as they were: what is drawn of them
 * stays too. An empty list takes all, in their order.
 */
export function mergeTasks(known: readonly BasicTask[], changed: readonly BasicTask[]): readonly BasicTask[] {
  if (known.length === 0) return changed;
  const changes = new Map(changed.map((task) => [task.id, task]));
  let isChanged = false;
  const merged = known.map((task) => {
    const change = changes.get(task.id);
    if (change === undefined) return task;
    changes.delete(task.id);
    if (isSame(task, change)) return task;
    isChanged = true;
    return change;
  });
  if (changes.size > 0) return [...merged, ...changes.values()];
  return isChanged ? merged : known;
}

/** Only what can change of a task. */
const isSame = (one: BasicTask, other: BasicTask): boolean =>
  one.status === other.status &&
  one.success === other.success &&
  one.failures === other.failures &&
  one.expected_count === other.expected_count &&
  one.priority === other.priority &&
  one.attempt === other.attempt &&
  one.started_at === other.started_at &&
  one.ended_at === other.ended_at;
