import { isDeepStrictEqual } from 'node:util';
import { leastBackoffMs } from '../scenario/scenario.ts';
import { type Facts, isAccepted, microsOf, type RetriedAttempt, type TaskFacts } from './facts.ts';
import { causeOf, endReports, type Moments, retriedReports, retryCauseOf } from './moments.ts';

/** Attempts: that there are as many as the policy gives for what happened, and what is said of each. */
export function checkAttempts(facts: Facts, moments: Moments): string[] {
  return facts.tasks.flatMap((task) => {
    const problems = [
      ...checkList(task),
      ...task.retried.flatMap((attempt) =>
        checkRetried(task, attempt, moments).map((problem) => `${attempt.said.attempt}: ${problem}`),
      ),
      ...checkLast(task),
    ];
    return problems.map((problem) => `attempts of ${task.plan.ref}: ${problem}`);
  });
}

/** Those of a task that has ended are all over, and the last one ended as the task did. */
function checkList({ plan: { retry }, final }: TaskFacts): string[] {
  const { attempt, max_attempts: most, attempts, next_attempt_at: next } = final;
  const problems: string[] = [];
  if (most !== (retry?.maxAttempts ?? 1)) problems.push(`it has ${most} at the most`);
  if (attempt < 1 || attempt > most) problems.push(`it is in attempt ${attempt} of ${most}`);
  if (next !== null) problems.push(`it has ended, and begins again at ${next}`);
  if (retry === null) return attempts.length === 0 ? problems : [...problems, 'it has some, and no policy'];
  const numbers = attempts.map((one) => one.attempt);
  if (
    !isDeepStrictEqual(
      numbers,
      Array.from({ length: attempt }, (_, index) => index + 1),
    )
  )
    problems.push(`they are listed as ${numbers.join(', ')}`);
  const { status, started_at, ended_at, failure_reason, success, failures } = final;
  const last = { attempt, started_at, ended_at, status, failure_reason, success, failures };
  if (!isDeepStrictEqual({ ...attempts.at(-1) }, last))
    problems.push(`the last one says ${JSON.stringify(attempts.at(-1))}`);
  return problems;
}

/** An attempt that was followed by another one failed, for a cause that the policy names, and gave it its time. */
function checkRetried(task: TaskFacts, { said, starts }: RetriedAttempt, moments: Moments): string[] {
  const { plan, final } = task;
  const { status, failure_reason: reason, started_at: started, ended_at: ended } = said;
  if (plan.retry === null || status !== 'Failure' || reason === null) return [`it ended as ${status}`];
  const problems: string[] = [];
  const cause = retryCauseOf(reason);
  if (!plan.retry.on.includes(cause)) problems.push(`${cause} is nothing to be tried again for`);
  if (starts.length === 0 && !moments.hasCrashes) problems.push('it was never called');
  if (started !== null && (started > ended || started < final.created_at))
    problems.push('its times are not in order');
  switch (cause) {
    case 'failure': {
      const reports = retriedReports(task).filter(({ operation }) => operation.reason === reason);
      const isRight = reports.some(
        ({ operation: { attempt, isRetryable } }) =>
          isRetryable && (attempt === null || attempt === said.attempt),
      );
      if (!isRight) problems.push('nobody reported it so');
      if (started === null && !moments.hasCrashes) problems.push('it was reported without having started');
      break;
    }
    case 'start':
      if (starts.at(-1)?.answer == null || isAccepted(starts.at(-1)!))
        problems.push('its on_start was not refused');
      if (started !== null) problems.push('it has started_at, although it never ran');
      break;
    case 'timeout':
      if (started === null || microsOf(ended) - microsOf(started) < plan.timeoutSecs * 1e6)
        problems.push('its time was not up');
  }
  const next = [...task.retried.map((one) => one.said), final].find(
    (one) => one.attempt === said.attempt + 1,
  );
  const nextStarted = next?.started_at ?? null;
  const leastMicros = leastBackoffMs(plan.retry, said.attempt) * 1000;
  if (nextStarted !== null && microsOf(nextStarted) - microsOf(ended) < leastMicros)
    problems.push(`the next one started at ${nextStarted}`);
  return problems;
}

/** A task fails only when no attempt is left, or none is asked for. */
function checkLast(task: TaskFacts): string[] {
  const { plan, final } = task;
  const { what } = causeOf(task);
  if (plan.retry === null || final.status !== 'Failure' || what === 'cascaded') return [];
  if (final.attempt === plan.retry.maxAttempts) return [];
  if (!plan.retry.on.includes(retryCauseOf(final.failure_reason!))) return [];
  const isFinal = what === 'reported' && endReports(task).some(({ operation }) => !operation.isRetryable);
  return isFinal ? [] : [`it failed in attempt ${final.attempt} and was not tried again`];
}
