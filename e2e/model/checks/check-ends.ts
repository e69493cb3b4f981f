import type { Facts, TaskFacts } from './facts.ts';
import { isAccepted, isTerminal, microsOf } from './facts.ts';
import { type Cause, causeOf, type Moments } from './moments.ts';

/** How each task ended: that it did, for a reason which the contract knows and which the history bears out. */
export function checkEnds(facts: Facts, moments: Moments): string[] {
  return facts.tasks.flatMap((task) => {
    const { status } = task.final;
    if (!isTerminal(status)) return [`${task.plan.ref} is left ${status}`];
    const cause = causeOf(task);
    return [...checkCause(task, cause, facts, moments), ...checkTimes(task, cause, moments.hasCrashes)].map(
      (problem) => `${task.plan.ref} (${status}, ${task.final.failure_reason ?? 'no reason'}): ${problem}`,
    );
  });
}

function checkCause(task: TaskFacts, cause: Cause, facts: Facts, moments: Moments): string[] {
  const { earliestMs, latestMs } = moments.end(task);
  if (earliestMs === Infinity) return ['nobody did what it says to have ended by'];
  const problems: string[] = [];
  if (earliestMs > latestMs) problems.push('its end was told before it can have happened');
  switch (cause.what) {
    case 'reported':
      if (task.final.status === 'Success' && task.final.failure_reason !== null)
        problems.push('a success has a reason');
      break;
    case 'timedOut':
      problems.push(...checkTimeout(task));
      break;
    case 'refused':
      if (task.lastStarts.at(-1)?.answer == null || isAccepted(task.lastStarts.at(-1)!))
        problems.push('its on_start was not refused');
      break;
    case 'cascaded':
      problems.push(...checkCascade(task, cause.parentId, facts));
      break;
    case 'canceled':
      if (task.final.failure_reason !== null) problems.push('a canceled task has a reason');
      break;
    case 'stopped':
    case 'deadEnd':
  }
  return problems;
}

function checkTimeout({ final, plan }: TaskFacts): string[] {
  if (final.started_at === null) return ['it timed out without having started'];
  const silentMicros = microsOf(final.ended_at!) - microsOf(final.last_updated);
  const isRight =
    silentMicros >= plan.timeoutSecs * 1e6 && microsOf(final.last_updated) >= microsOf(final.started_at);
  return isRight ? [] : [`it timed out after ${silentMicros / 1e6} s of silence`];
}

/** The reason names the direct parent; of several, the one that ended first, then the lowest id. */
function checkCascade(task: TaskFacts, parentId: string, facts: Facts): string[] {
  const guilty = task.parents
    .filter(({ requiresSuccess, task: { final } }) => requiresSuccess && final.status !== 'Success')
    .map(({ task: parent }) => parent)
    // A dead end has seen all its children end, so it comes after them.
    .filter((parent) => causeOf(parent).what !== 'deadEnd')
    .toSorted((a, b) => compareEnds(a, b));
  if (guilty[0]?.id !== parentId) return [`its reason should name ${guilty[0]?.id ?? 'no parent at all'}`];
  const parent = facts.byId.get(parentId)!;
  return task.final.ended_at! < parent.final.ended_at! ? ['it failed before its parent did'] : [];
}

function compareEnds(a: TaskFacts, b: TaskFacts): number {
  if (a.final.ended_at !== b.final.ended_at) return a.final.ended_at! < b.final.ended_at! ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

function checkTimes(
  { final, lastStarts: starts, parents }: TaskFacts,
  cause: Cause,
  hasCrashes: boolean,
): string[] {
  const { created_at: created, started_at: started, ended_at: ended, last_updated: updated } = final;
  if (ended === null) return ['it has no ended_at'];
  const problems: string[] = [];
  if (ended < created || (started !== null && (started < created || started > ended)))
    problems.push('its times are not in order');
  if (cause.what !== 'timedOut' && updated !== ended)
    problems.push(`last_updated is ${updated} and ended_at ${ended}: something moved after its end`);
  const wasClaimed = starts.length > 0;
  switch (cause.what) {
    case 'reported':
      // One that was handed back and reported after that has not started.
      if (started === null && !hasCrashes) problems.push('it was reported without having started');
      break;
    case 'refused':
    case 'cascaded':
      if (started !== null) problems.push('it has started_at, although it never ran');
      break;
    case 'timedOut':
    case 'canceled':
    case 'stopped':
    case 'deadEnd':
      if (started !== null && !wasClaimed) problems.push('it has started_at, although it was never called');
  }
  const wasReportedWhileClaimed = cause.what === 'reported' && started === ended;
  if (started !== null && !wasReportedWhileClaimed && !starts.some(isAccepted))
    problems.push('it has started_at, although no on_start was accepted');
  if (started !== null && parents.some(({ task }) => task.final.ended_at! > started))
    problems.push('it started before a parent had ended');
  return problems;
}

/** Ends that came one after the other for the observer did so for the database, too. */
export function checkOrderOfEnds({ tasks }: Facts, moments: Moments): string[] {
  const problems: string[] = [];
  for (const first of tasks) {
    for (const second of tasks) {
      if (moments.end(first).latestMs >= moments.end(second).earliestMs) continue;
      if (first.final.ended_at! > second.final.ended_at!)
        problems.push(`${first.plan.ref} ended before ${second.plan.ref}, but ended_at says otherwise`);
    }
  }
  return problems;
}
