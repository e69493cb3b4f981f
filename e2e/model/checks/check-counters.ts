import { isDeepStrictEqual } from 'node:util';
import { type Facts, isOk, requestsOf, type TaskFacts } from './facts.ts';
import { endReports, type Moments } from './moments.ts';
import type { Changes } from '../scenario/scenario.ts';

interface Addition {
  readonly success: number;
  readonly failures: number;
  /** Surely made, surely not made, or both is right. */
  readonly must: boolean;
  readonly may: boolean;
  readonly what: string;
}

/**
 * Counters hold exactly what was answered before the end. Each addition of a task is another power of two, so the
 * final counters tell which of them were made.
 */
export function checkCounters(facts: Facts, moments: Moments): string[] {
  return facts.tasks.flatMap((task) => {
    const { success, failures } = task.final;
    const additions = [...progressOf(task, moments), ...changesOf(task), ...reportsOf(task)];
    const problems: string[] = [];
    let known = { success: 0, failures: 0 };
    for (const addition of additions) {
      const isMade = isContained(addition.success, success) && isContained(addition.failures, failures);
      if (isMade) {
        known = { success: known.success + addition.success, failures: known.failures + addition.failures };
      }
      if (isMade && !addition.may) problems.push(`${addition.what} was counted`);
      if (!isMade && addition.must) problems.push(`${addition.what} was not counted`);
    }
    if (known.success !== success || known.failures !== failures)
      problems.push(
        `it has ${success} and ${failures}, of which ${known.success} and ${known.failures} are known`,
      );
    return problems.map((problem) => `counters of ${task.plan.ref}: ${problem}`);
  });
}

/** Whether the bits of a sum of powers of two are in a counter. */
const isContained = (part: number, counter: number): boolean => (part & counter) === part;

function progressOf(task: TaskFacts, moments: Moments): Addition[] {
  const end = moments.end(task);
  return requestsOf(task.requests, 'progress').map(({ operation, sentMs, answeredMs }) => ({
    success: operation.success,
    failures: operation.failures,
    must: answeredMs < end.earliestMs,
    may: sentMs <= end.latestMs,
    what: `progress of ${operation.success} and ${operation.failures}`,
  }));
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
      what: `a change answered ${status}`,
    }))
    .filter(adds);
}

/** One of the reports was the end, and counts; what only repeats it does not. */
function reportsOf(task: TaskFacts): Addition[] {
  const ends = endReports(task);
  return requestsOf(task.requests, 'report')
    .map((report) => {
      const mayBeEnd = ends.includes(report) && !ends.some((other) => other.answeredMs < report.sentMs);
      return {
        ...additionOf(report.operation.changes),
        must: mayBeEnd && ends.length === 1,
        may: mayBeEnd,
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
  return [...requestsOf(task.requests, 'change').filter(isOk), ...ends].flatMap((request) => {
    const value = request.operation.changes[name];
    if (value === undefined) return [];
    const isSure = request.operation.what === 'change' || ends.length === 1;
    return [{ value, sentMs: request.sentMs, answeredMs: request.answeredMs, isSure }];
  });
}

function lastValues(writes: readonly Write[], initial: unknown): unknown[] {
  const last = writes.filter(
    (write) => !writes.some((other) => other.isSure && other.sentMs > write.answeredMs),
  );
  return [...(writes.some(({ isSure }) => isSure) ? [] : [initial]), ...last.map(({ value }) => value)];
}
