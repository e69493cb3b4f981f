import { isDone } from '../workload/history.ts';
import type { Facts } from './facts.ts';

/** A call of a claim that came before the end may still be on its way for so long. */
const ON_ITS_WAY_MS = 1000;

/** What ran was called: once, or again with the same key and a higher claim. */
export function checkStarts({ history, rows }: Facts, { zombies }: { zombies: boolean }): string[] {
  const starts = Map.groupBy(history.starts, ({ taskId }) => taskId);
  const endedMs = new Map(
    history.attempts
      .filter((attempt) => attempt.what === 'end' && isDone(attempt) && attempt.isRetried !== true)
      .map(({ subject, doneMs }) => [subject, doneMs]),
  );
  return [...rows.values()].flatMap((row) => {
    const calls = starts.get(row.id) ?? [];
    const problems: string[] = [];
    if (endedMs.has(row.id) && calls.length === 0) problems.push('ended without having been called');
    for (const [attempt, own] of Map.groupBy(calls, (call) => call.attempt)) {
      if (new Set(own.map(({ key }) => key)).size > 1)
        problems.push(`was called with different keys in attempt ${attempt}`);
      if (attempt > row.attempt) problems.push(`was called in attempt ${attempt}, which it never had`);
    }
    if (new Set(calls.map(({ key }) => key)).size !== new Set(calls.map(({ attempt }) => attempt)).size)
      problems.push('was called with the same key in several attempts');
    for (const [index, call] of calls.entries()) {
      const before = calls[index - 1];
      // A zombie's call may come after that of the next claim.
      if (before !== undefined && call.attempt < before.attempt && !zombies)
        problems.push(`was called in attempt ${call.attempt} after attempt ${before.attempt}`);
      if (before !== undefined && call.claim <= before.claim && !zombies)
        problems.push(`was called by claim ${call.claim} after claim ${before.claim}`);
      if (row.claim !== null && call.claim > row.claim)
        problems.push(`was called by claim ${call.claim}, which it never had`);
      const lateMs = call.arrivedMs - (endedMs.get(row.id) ?? Infinity);
      if (lateMs > ON_ITS_WAY_MS && !zombies)
        problems.push(`was called ${Math.round(lateMs)} ms after its end`);
    }
    const claims = calls.map(({ claim }) => claim);
    if (new Set(claims).size < claims.length)
      problems.push(`was called twice by one claim: ${claims.join(', ')}`);
    return problems.map((problem) => `${row.batchId}/${row.name} ${problem}`);
  });
}

/** How many calls of on_start came in addition to the first of each attempt. */
export function countDuplicates({ history }: Facts): number {
  return (
    history.starts.length - new Set(history.starts.map(({ taskId, attempt }) => `${taskId} ${attempt}`)).size
  );
}
