import type { NewTask, StatusKind } from '@arcrun/client';
import { hasFields, matches, type ReferenceTask } from './reference-tasks.ts';

/** The tasks of a request that are created: those whose like is not there, in the request or in `others`. */
export function dropDuplicates(tasks: readonly NewTask[], others: readonly ReferenceTask[]): NewTask[] {
  const skipped = new Set<string>();
  const created: { readonly task: NewTask; readonly status: StatusKind }[] = [];
  for (const task of tasks) {
    const metadata = task.metadata ?? null;
    const isDuplicate = (task.dedupe_strategy ?? []).some((matcher) => {
      const isLike = (kind: string, values: ReferenceTask['metadata'], status: StatusKind) =>
        status === matcher.status && matches({ kind, metadata: values }, matcher, metadata);
      return (
        hasFields(metadata, matcher.fields) &&
        (others.some((other) => isLike(other.given.kind, other.metadata, other.status)) ||
          created.some((other) => isLike(other.task.kind, other.task.metadata ?? null, other.status)))
      );
    });
    const waits = (task.dependencies ?? []).some(({ id }) => !skipped.has(id));
    if (isDuplicate) skipped.add(task.id);
    else created.push({ task, status: waits ? 'Waiting' : 'Pending' });
  }
  return created.map(({ task }) => task);
}

/** Ids by local name, which grow in topological order. */
export function numberInOrder(tasks: readonly NewTask[], nextId: () => string): Map<string, string> {
  const ids = new Map<string, string>();
  const byName = new Map(tasks.map((task) => [task.id, task]));
  const number = (task: NewTask): void => {
    if (ids.has(task.id)) return;
    for (const { id } of task.dependencies ?? []) {
      if (byName.has(id)) number(byName.get(id)!);
    }
    ids.set(task.id, nextId());
  };
  for (const task of tasks) number(task);
  return ids;
}
