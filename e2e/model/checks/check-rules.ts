import { isDeepStrictEqual } from 'node:util';
import type { Matcher, Rule } from '@arcrun/client';
import type { Facts, TaskFacts } from './facts.ts';
import { type Moments, mustBe } from './moments.ts';
import type { TaskPlan } from '../scenario/scenario.ts';
import {
  claimOf,
  expectedCountsInForce,
  isUnchanged,
  metadataInForce,
  rulesInForce,
  type TimeRange,
} from './versions.ts';

/**
 * No task was claimed against its rules. A task is known to hold its places from the arrival of its on_start until
 * the call was sent that ended it, so what is counted here is never more than what was held.
 */
export function checkRules(facts: Facts, moments: Moments): string[] {
  return [
    ...facts.tasks.flatMap((task) => checkClaim(task, facts, moments)),
    ...facts.tasks.flatMap((task) => checkInstant(task, facts, moments)),
  ];
}

/** What surely held places during all of the time in which a task may have been claimed. */
function checkClaim(task: TaskFacts, facts: Facts, moments: Moments): string[] {
  const claim = claimOf(task, moments);
  if (claim === null) return [];
  const metadata = metadataInForce(task, claim);
  const hasWork = expectedCountsInForce(task, claim).some((count) => count !== null);
  const isAllowed = rulesInForce(task, facts, claim).some((rules) =>
    metadata.some((own) =>
      rules.every((rule) => mayAllow(rule, own, hasWork, { task, claim, facts, moments })),
    ),
  );
  return isAllowed ? [] : [`${task.plan.ref} was claimed against its rules`];
}

interface ClaimContext {
  readonly task: TaskFacts;
  readonly claim: TimeRange;
  readonly facts: Facts;
  readonly moments: Moments;
}

function mayAllow(rule: Rule, own: TaskPlan['metadata'], hasWork: boolean, context: ClaimContext): boolean {
  const { task, claim, facts, moments } = context;
  const { status, kind, fields } = rule.matcher;
  if (fields.some((field) => own?.[field] === undefined)) return false;
  if (rule.type === 'Capacity' && !hasWork) return false;
  const matching = facts.tasks.filter(
    (other) =>
      other !== task &&
      other.plan.kind === kind &&
      (other.batch === task.batch || moments.creation(other).answeredMs < claim.fromMs) &&
      metadataInForce(other, claim).every((metadata) => isEqualIn(fields, metadata, own)),
  );
  const counted = matching.filter((other) =>
    status === 'Running' ? holds(other, claim, moments) : mustBe(other, status, moments, claim),
  );
  if (rule.type === 'Capacity') return sumOfWork(counted, claim.toMs) < rule.max_capacity;
  // Of another kind, the limit itself may match.
  return counted.length < rule.max_concurency + (kind === task.plan.kind ? 0 : 1);
}

export function isEqualIn(
  fields: readonly string[],
  one: TaskPlan['metadata'],
  other: TaskPlan['metadata'],
): boolean {
  return fields.every((field) => isDeepStrictEqual(one?.[field], other?.[field]));
}

/** Whether it surely was Claimed or Running all the time. */
function holds(task: TaskFacts, { fromMs, toMs }: TimeRange, moments: Moments): boolean {
  const [call, another] = task.starts;
  // What was handed back, or tried again, gave its places back.
  if (task.retried.length > 0) return false;
  if (call === undefined || another !== undefined || moments.hasCrashes) return false;
  return call.arrivedMs < fromMs && moments.end(task).earliestMs > toMs;
}

/** The least that may have been left to do of tasks at a moment. */
function sumOfWork(tasks: readonly TaskFacts[], atMs: number): number {
  return tasks.map((task) => leastWork(task, atMs)).reduce((sum, work) => sum + work, 0);
}

function leastWork(task: TaskFacts, atMs: number): number {
  const range = { fromMs: -Infinity, toMs: atMs };
  const least = Math.min(...expectedCountsInForce(task, range).map((count) => count ?? 0));
  const done = task.requests
    .filter(({ sentMs }) => sentMs <= atMs)
    .map(({ operation }) => {
      if (operation.what === 'progress') return operation.success + operation.failures;
      if (operation.what !== 'change') return 0;
      return (operation.changes.new_success ?? 0) + (operation.changes.new_failures ?? 0);
    })
    .reduce((sum, added) => sum + added, 0);
  return Math.max(0, least - done);
}

/**
 * When a task is called, it and the others that hold places under a key of its rules must have been claimed in some
 * order which all their rules allow. Tasks whose metadata, counts or rules were changed are left out: limits bind
 * claims alone.
 */
function checkInstant(task: TaskFacts, facts: Facts, moments: Moments): string[] {
  if (task.starts.length !== 1 || task.retried.length > 0 || !isUnchanged(task, facts)) return [];
  const atMs = task.starts[0]!.arrivedMs;
  // The call may have been on its way when the task ended.
  if (moments.end(task).earliestMs <= atMs) return [];
  return task.plan.rules
    .filter(({ matcher }) => matcher.status === 'Running' && matcher.kind === task.plan.kind)
    .flatMap((rule) => {
      const holders = facts.tasks.filter(
        (other) =>
          other.plan.kind === rule.matcher.kind &&
          isUnchanged(other, facts) &&
          isEqualIn(rule.matcher.fields, other.plan.metadata, task.plan.metadata) &&
          (other === task || holds(other, { fromMs: atMs, toMs: atMs }, moments)),
      );
      return canBeClaimed(holders, rule, atMs)
        ? []
        : [`${holders.map(({ plan }) => plan.ref).join(', ')} ran at once, against ${JSON.stringify(rule)}`];
    });
}

/** Whether tasks can have been claimed one after another, each allowed by its rule about the same key. */
function canBeClaimed(holders: readonly TaskFacts[], { type, matcher }: Rule, atMs: number): boolean {
  const claims = holders.map((task) => {
    const weight = type === 'Capacity' ? leastWork(task, atMs) : 1;
    const limits = task.plan.rules
      .filter((rule) => rule.type === type && isSameKey(rule.matcher, matcher))
      .map((rule) => (rule.type === 'Capacity' ? rule.max_capacity : rule.max_concurency));
    return { weight, limit: Math.min(Infinity, ...limits) };
  });
  // If any order will do, this one does: by what may at most be there when the claim is made.
  let held = 0;
  for (const { weight, limit } of claims.toSorted((a, b) => a.limit + a.weight - (b.limit + b.weight))) {
    if (held >= limit) return false;
    held += weight;
  }
  return true;
}

const isSameKey = (one: Matcher, other: Matcher): boolean =>
  one.status === other.status &&
  one.kind === other.kind &&
  isDeepStrictEqual(one.fields.toSorted(), other.fields.toSorted());
