import { isDeepStrictEqual } from 'node:util';
import { type Facts, isOk, requestsOf, type TaskFacts } from './facts.ts';
import { endReports, type Moments, retriedReports } from './moments.ts';
import type { Changes } from '../scenario/scenario.ts';

interface Addition {
  readonly success: number;
  readonly failures: number;
  /** Surely made, surely not made, or both is right. */
  readonly must: boolean;
  readonly may: boolean;
  /** The one it belongs to; null: whichever was the current one. */
  readonly attempt: number | null;
  readonly what: string;
}

/**
 * Counters hold exactly what was answered before the end of their attempt. Each addition of a task is another power of
 * two, so the counters tell which of them were made.
 */
export function checkCounters(facts: Facts, moments: Moments): string[] {
  return facts.tasks.flatMap((task) => {
    const counters = [...task.retried.map(({ said }) => said), task.final].map((said) => ({
      ...said,
      knownSuccess: 0,
      knownFailures: 0,
    }));
    const problems: string[] = [];
    for (const addition of [...progressOf(task, moments), ...changesOf(task), ...reportsOf(task)]) {
      const made = counters.filter(
        ({ success, failures }) =>
          isContained(addition.success, success) && isContained(addition.failures, failures),
      );
      for (const one of made) {
        one.knownSuccess += addition.success;
        one.knownFailures += addition.failures;
      }
      const { what, attempt } = addition;
      if (made.length > 0 && !addition.may) problems.push(`${what} was counted`);
      if (made.length === 0 && addition.must) problems.push(`${what} was not counted`);
      if (made.length > 1) problems.push(`${what} was counted in ${made.length} attempts`);
      if (attempt !== null && made.some((one) => one.attempt !== attempt))
        problems.push(`${what} of attempt ${attempt} was counted in another`);
    }
    for (const { attempt, success, failures, knownSuccess, knownFailures } of counters) {
      if (knownSuccess !== success || knownFailures !== failures)
        problems.push(
          `attempt ${attempt} has ${success} and ${failures}, of which ${knownSuccess} and ${knownFailures} are known`,
        );
    }
    return problems.map((problem) => `counters of ${task.plan.ref}: ${problem}`);
  });
}

/** Whether the bits of a sum of powers of two are in a counter. */
const isContained = (part: number, counter: number): boolean => (part & counter) === part;

function progressOf(task: TaskFacts, moments: Moments): Addition[] {
  return requestsOf(task.requests, 'progress').map(({ operation, sentMs, answeredMs }) => {
    const { success, failures, attempt } = operation;
    const retried = task.retried.find(({ said }) => said.attempt === attempt);
    const end = retried === undefined ? moments.end(task) : moments.endOfAttempt(task, retried);
    const must = answeredMs < end.earliestMs;
    const may = sentMs <= end.latestMs;
    return { success, failures, must, may, attempt, what: `progress of ${success} and ${failures}` };
  });
}

const additionOf = ({ new_success: success = 0, new_failures: failures = 0 }: Changes) => ({
  success,
  failures,
});
const adds = ({ success, failures }: { success: number; failures: number }) => success + failures > 0;

function changesOf(task: TaskFacts): Addition[] {
  return requestsOf(task.requests, 'change')
    .map(({ operation, status }) => ({
      ...additionOf(operation.changes),
      must: status === 200,
      may: status === 200,
      attempt: null,
      what: `a change answered ${status}`,
    }))
    .filter(adds);
}

/** One of the reports was the end, and counts, as those do that were the end of an attempt; what only repeats it does not. */
function reportsOf(task: TaskFacts): Addition[] {
  const ends = endReports(task);
  const ofAttempts = retriedReports(task);
  return requestsOf(task.requests, 'report')
    .map((report) => {
      const mayBeEnd = ends.includes(report) && !ends.some((other) => other.answeredMs < report.sentMs);
      const isRetried = ofAttempts.includes(report);
      return {
        ...additionOf(report.operation.changes),
        must: isRetried || (mayBeEnd && ends.length === 1),
        may: isRetried || mayBeEnd,
        attempt: report.operation.attempt,
        what: `a report answered ${report.status}`,
      };
    })
    .filter(adds);
}

interface Write {
  readonly value: unknown;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly isSure: boolean;
}

/** Metadata, expected_count and priority are what was written last. */
export function checkChanges(facts: Facts): string[] {
  return facts.tasks.flatMap((task) => {
    const { plan, final } = task;
    const check = (name: 'metadata' | 'expected_count' | 'priority', initial: unknown) => {
      const possible = lastValues(writesOf(task, name), initial);
      return possible.some((value) => isDeepStrictEqual(value, final[name]))
        ? []
        : [
            `${name} of ${plan.ref} is ${JSON.stringify(final[name])}, not one of ${JSON.stringify(possible)}`,
          ];
    };
    return [
      ...check('metadata', plan.metadata),
      ...check('expected_count', plan.expectedCount),
      ...check('priority', plan.priority),
    ];
  });
}

function writesOf(task: TaskFacts, name: 'metadata' | 'expected_count' | 'priority'): Write[] {
  const ends = endReports(task);
  const sure = [...requestsOf(task.requests, 'change').filter(isOk), ...retriedReports(task)];
  return [...sure, ...ends].flatMap((request) => {
    const value = request.operation.changes[name];
    if (value === undefined) return [];
    const isSure = sure.includes(request) || ends.length === 1;
    return [{ value, sentMs: request.sentMs, answeredMs: request.answeredMs, isSure }];
  });
}

function lastValues(writes: readonly Write[], initial: unknown): unknown[] {
  const last = writes.filter(
    (write) => !writes.some((other) => other.isSure && other.sentMs > write.answeredMs),
  );
  return [...(writes.some(({ isSure }) => isSure) ? [] : [initial]), ...last.map(({ value }) => value)];
}
