import type { Facts, TaskRow } from './facts.ts';

/** Each notification arrived at least once, the start of a task before its end, and a batch has one key. */
export function checkNotices({ history, rows, batchIds }: Facts): string[] {
  const byKey = Map.groupBy(history.notices, ({ key }) => key);
  const firstStartMs = new Map<string, number>();
  for (const { taskId, arrivedMs } of history.starts)
    if (!firstStartMs.has(taskId)) firstStartMs.set(taskId, arrivedMs);
  const expected = [
    ...[...rows.values()].flatMap(keysOf),
    ...[...batchIds].map((id) => `batch:${id}:complete`),
  ];
  const known = new Set(expected);
  return [
    ...expected.filter((key) => !byKey.has(key)).map((key) => `${key} never arrived`),
    ...[...byKey.keys()].filter((key) => !known.has(key)).map((key) => `${key} arrived for no reason`),
    ...history.notices.flatMap(({ subjectId, key, arrivedMs }) => {
      const startMs = firstStartMs.get(subjectId);
      return startMs !== undefined && arrivedMs < startMs
        ? [`${key} arrived before the task was called`]
        : [];
    }),
  ];
}

/** Every task has one action for each outcome; a dead end tells on_failure, one of a stopped batch nothing. */
function keysOf({ id, status, reason }: TaskRow): string[] {
  if (status === 'Success') return [`${id}:end:success`];
  const isStopped = status === 'Canceled' && reason === 'Batch stopped';
  return isStopped ? [] : [`${id}:end:failure`];
}
