import { isDeepStrictEqual } from 'node:util';
import { isEqualIn } from './check-rules.ts';
import { type Facts, isOk, requestsOf, type TaskFacts } from './facts.ts';
import type { Moments } from './moments.ts';
import { claimOf, isUnchanged, prioritiesInForce, type TimeRange } from './versions.ts';

/**
 * Where only one task may run at a time, the first of those that wait is next. Who held the place before bounds the
 * moment of a claim from below, so it is known who waited then.
 */
export function checkPriority(facts: Facts, moments: Moments): string[] {
  return facts.tasks.flatMap((task) => {
    const rivals = moments.hasCrashes ? [] : rivalsOf(task, facts);
    const claim = claimOf(task, moments);
    // What was tried again held its place in between as well.
    if (rivals.length === 0 || claim === null || rivals.some(({ retried }) => retried.length > 0)) return [];
    const before = rivals.filter((rival) => (rival.starts[0]?.arrivedMs ?? Infinity) < claim.toMs);
    const claimedMs = Math.max(claim.fromMs, ...before.map((rival) => moments.end(rival).earliestMs));
    return (
      rivals
        // In a batch in which effects are put off, nothing starts meanwhile.
        .filter((rival) => moments.isInline(rival))
        .filter((rival) => waits(rival, { fromMs: claimedMs, toMs: claim.toMs }, moments))
        .filter((rival) => isBefore(rival, task, { fromMs: -Infinity, toMs: claim.toMs }))
        .map((rival) => `${task.plan.ref} was claimed before ${rival.plan.ref}, which was first`)
    );
  });
}

/** Tasks under exactly the same rules and values, of which one at a time may run. */
function rivalsOf(task: TaskFacts, facts: Facts): TaskFacts[] {
  const { rules, kind, metadata } = task.plan;
  const fields = rules.flatMap(({ matcher }) => matcher.fields);
  const isExclusive = rules.some(
    (rule) =>
      rule.type === 'Concurency' &&
      rule.max_concurency === 1 &&
      rule.matcher.status === 'Running' &&
      rule.matcher.kind === kind,
  );
  if (!isExclusive || !isUnchanged(task, facts)) return [];
  return facts.tasks.filter(
    (other) =>
      other !== task &&
      other.plan.kind === kind &&
      isDeepStrictEqual(other.plan.rules, rules) &&
      isEqualIn(fields, other.plan.metadata, metadata) &&
      isUnchanged(other, facts),
  );
}

/** Two looks of one claim round may lie so far apart. */
const ROUND_MS = 30;

/** Whether a task surely was Pending, and nobody touched it. */
function waits(task: TaskFacts, { fromMs, toMs }: TimeRange, moments: Moments): boolean {
  const isTouched = task.requests.some(
    ({ operation, sentMs, answeredMs }) =>
      operation.what !== 'read' && sentMs < toMs && answeredMs > fromMs - ROUND_MS,
  );
  return (
    !isTouched &&
    moments.release(task).latestMs < fromMs - ROUND_MS &&
    moments.end(task).earliestMs > toMs &&
    (task.starts[0]?.arrivedMs ?? Infinity) > toMs &&
    !requestsOf(task.requests, 'pause').some(isOk)
  );
}

/** By priority, then age, then position in the request. */
function isBefore(one: TaskFacts, other: TaskFacts, range: TimeRange): boolean {
  const least = Math.min(...prioritiesInForce(one, range));
  const most = Math.max(...prioritiesInForce(other, range));
  if (least !== most) return least > most;
  if (one.final.created_at !== other.final.created_at) return one.final.created_at < other.final.created_at;
  return one.position < other.position;
}
