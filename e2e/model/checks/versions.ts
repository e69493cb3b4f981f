import type { Rule } from '@arcrun/client';
import { type Facts, isOk, requestsOf, type TaskFacts } from './facts.ts';
import type { Moments } from './moments.ts';
import type { TaskPlan } from '../scenario/scenario.ts';

/** A value that something had from a moment on which lies between these two. */
interface Version<T> {
  readonly value: T;
  readonly sentMs: number;
  readonly answeredMs: number;
}

export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The values that may have been in force at some moment of a range of time. */
function inForce<T>(versions: readonly Version<T>[], { fromMs, toMs }: TimeRange): T[] {
  return versions
    .filter(
      (version) =>
        version.sentMs <= toMs &&
        !versions.some((later) => later.sentMs > version.answeredMs && later.answeredMs < fromMs),
    )
    .map(({ value }) => value);
}

function initially<T>(value: T): Version<T> {
  return { value, sentMs: -Infinity, answeredMs: -Infinity };
}

/** The rule sets that a task may have had. */
export function rulesInForce(task: TaskFacts, facts: Facts, range: TimeRange): (readonly Rule[])[] {
  const changed = facts
    .requests('rules')
    .filter(({ operation: { batch, kind } }) => batch === task.batch.name && kind === task.plan.kind)
    .map(({ operation: { rules }, ...request }) => ({ ...request, value: rules }));
  return inForce([initially(task.plan.rules), ...changed], range);
}

type Metadata = TaskPlan['metadata'];

export function metadataInForce(task: TaskFacts, range: TimeRange): Metadata[] {
  return inForce([initially(task.plan.metadata), ...writesOf(task, 'metadata')], range);
}

export function expectedCountsInForce(task: TaskFacts, range: TimeRange): (number | null)[] {
  return inForce([initially(task.plan.expectedCount), ...writesOf(task, 'expected_count')], range);
}

export function prioritiesInForce(task: TaskFacts, range: TimeRange): number[] {
  return inForce([initially(task.plan.priority), ...writesOf(task, 'priority')], range);
}

function writesOf<Name extends 'metadata' | 'expected_count' | 'priority'>(task: TaskFacts, name: Name) {
  return [...requestsOf(task.requests, 'change'), ...requestsOf(task.requests, 'report')]
    .filter(isOk)
    .flatMap(({ operation: { changes }, sentMs, answeredMs }) => {
      const value = changes[name];
      return value === undefined ? [] : [{ value, sentMs, answeredMs }];
    });
}

/** Whether a task had this metadata, these rules and this expected count all its life. */
export function isUnchanged(task: TaskFacts, facts: Facts): boolean {
  const always = { fromMs: -Infinity, toMs: Infinity };
  return (
    metadataInForce(task, always).length === 1 &&
    expectedCountsInForce(task, always).length === 1 &&
    rulesInForce(task, facts, always).length === 1
  );
}

/** When a task was claimed that was called once, in its only attempt; null for others. */
export function claimOf(task: TaskFacts, moments: Moments): TimeRange | null {
  const [call, another] = task.starts;
  if (call === undefined || another !== undefined || task.retried.length > 0) return null;
  const resumed = requestsOf(task.requests, 'resume').filter(
    (request) => isOk(request) && request.sentMs < call.arrivedMs,
  );
  const paused = requestsOf(task.requests, 'pause').some(isOk);
  const released = moments.release(task).earliestMs;
  const sinceMs = paused ? Math.max(released, ...resumed.map(({ sentMs }) => sentMs)) : released;
  return { fromMs: sinceMs, toMs: call.arrivedMs };
}
