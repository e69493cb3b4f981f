import type { BasicTask } from '../../../api/types.ts';
import { isEnded } from '../../../components/statuses.ts';

/** A task with what the table sorts by besides. */
export interface TaskRow {
  readonly task: BasicTask;
  /** From its creation to its start; to its end, when it was never started. */
  readonly waitedMs: number;
  /** Null before its start. */
  readonly ranMs: number | null;
  /** Of what it has to do; null when it did not say how much that is. */
  readonly progress: number | null;
}

export function toRows(tasks: readonly BasicTask[], nowMs: number): TaskRow[] {
  return tasks.map((task) => {
    const createdMs = Date.parse(task.created_at);
    const startedMs = task.started_at === null ? null : Date.parse(task.started_at);
    const endedMs = task.ended_at === null ? nowMs : Date.parse(task.ended_at);
    return {
      task,
      waitedMs: Math.max(0, (startedMs ?? endedMs) - createdMs),
      ranMs: startedMs === null ? null : Math.max(0, endedMs - startedMs),
      progress: progressOf(task),
    };
  });
}

function progressOf({ status, success, failures, expected_count: expected }: BasicTask): number | null {
  if (expected === null || expected === 0) return isEnded(status) ? 1 : null;
  return Math.min(1, (success + failures) / expected);
}

export interface TaskFilter {
  readonly text: string;
  readonly status: string;
  readonly kind: string;
}

/** The tasks whose name, kind or id has the text in it, in that status and of that kind. */
export function filterTasks(
  tasks: readonly BasicTask[],
  { text, status, kind }: TaskFilter,
): readonly BasicTask[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '' && status === '' && kind === '') return tasks;
  return tasks.filter(
    (task) =>
      (status === '' || task.status === status) &&
      (kind === '' || task.kind === kind) &&
      (wanted === '' ||
        task.name.toLowerCase().includes(wanted) ||
        task.kind.toLowerCase().includes(wanted) ||
        task.id === wanted),
  );
}
