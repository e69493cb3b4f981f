import { attemptOf, type Facts, isOk, requestsOf, type TaskFacts } from './facts.ts';
import type { ObservedCall } from '../run/history.ts';
import { causeOf, type Moments } from './moments.ts';
import { leastBackoffMs } from '../scenario/scenario.ts';
import { checkAsConfigured, expectedTarget } from './check-calls.ts';

/** Calls of on_start: of whom, when, and how often. */
export function checkStarts(facts: Facts, moments: Moments): string[] {
  return facts.tasks.flatMap((task) => {
    const problems = [
      ...checkOccurrence(task, moments.hasCrashes),
      ...checkClaims(task, moments.hasCrashes),
      ...task.starts.flatMap((call) => [
        ...checkMoment(call, task, moments),
        ...checkHeaders(call, task, facts.history.settings.hostUrl),
      ]),
    ];
    return problems.map((problem) => `on_start of ${task.plan.ref}: ${problem}`);
  });
}

/** A task that was claimed is called; one that never left Waiting is not. */
function checkOccurrence(task: TaskFacts, hasCrashes: boolean): string[] {
  const { what } = causeOf(task);
  const must = what === 'reported' || what === 'refused' || what === 'timedOut';
  // A worker that was killed may not have come to call what was reported all the same.
  if (must && !hasCrashes && task.lastStarts.length === 0) return ['it was never called, and yet it ended'];
  if (what === 'cascaded' && task.starts.length > 0) return ['it was called, and failed by cascade'];
  return [];
}

/** Each claim calls once, and an attempt has one unless claims were handed back. */
function checkClaims({ starts, final }: TaskFacts, hasCrashes: boolean): string[] {
  const claims = starts.map(({ headers }) => Number(headers['x-task-claim']));
  const attempts = starts.map(attemptOf);
  const areDistinct = new Set(claims).size === claims.length && claims.every((claim) => claim > 0);
  const areRight =
    attempts.every((attempt) => attempt >= 1 && attempt <= final.attempt) &&
    (hasCrashes || new Set(attempts).size === attempts.length);
  return areDistinct && areRight
    ? []
    : [`its claims came as ${claims.join(', ')}, its attempts as ${attempts.join(', ')}`];
}

function checkMoment(call: ObservedCall, task: TaskFacts, moments: Moments): string[] {
  const problems: string[] = [];
  if (call.arrivedMs < moments.creation(task).sentMs) problems.push('it came before the task was created');
  for (const { task: parent, requiresSuccess } of task.parents) {
    if (call.arrivedMs < moments.end(parent).earliestMs)
      problems.push(`it came before the end of ${parent.plan.ref}`);
    if (requiresSuccess && parent.final.status !== 'Success')
      problems.push(`it came although ${parent.plan.ref} is ${parent.final.status}`);
  }
  // Only what is Waiting or Pending is paused, so a call is after the resume, or of an older claim or attempt.
  for (const pause of moments.hasCrashes ? [] : requestsOf(task.requests, 'pause').filter(isOk)) {
    if (task.plan.retry !== null && call.arrivedMs < pause.answeredMs) continue;
    const resumes = requestsOf(task.requests, 'resume').filter(
      (request) => isOk(request) && request.answeredMs > pause.sentMs && request.sentMs < call.arrivedMs,
    );
    if (resumes.length === 0) problems.push('it came although the task was Paused');
  }
  return [...problems, ...checkBackoff(call, task, moments)];
}

/** A further attempt comes when the one before is over, and its backoff. */
function checkBackoff(call: ObservedCall, task: TaskFacts, moments: Moments): string[] {
  const before = task.retried.find(({ said }) => said.attempt === attemptOf(call) - 1);
  if (before === undefined || task.plan.retry === null) return [];
  const backoffMs = leastBackoffMs(task.plan.retry, before.said.attempt);
  const earliestMs = moments.endOfAttempt(task, before).earliestMs + backoffMs;
  return call.arrivedMs < earliestMs ? [`attempt ${attemptOf(call)} came too early`] : [];
}

function checkHeaders(call: ObservedCall, task: TaskFacts, hostUrl: string): string[] {
  const { plan, id } = task;
  const { headers, body } = call;
  const attempt = attemptOf(call);
  const expected = {
    'idempotency-key': attempt === 1 ? `${id}:start` : `${id}:start:attempt:${attempt}`,
    'x-task-id': id,
    'x-task-trigger': 'start',
  };
  const handle = plan.retry === null ? id : `${id}?attempt=${attempt}`;
  const problems = checkAsConfigured(call, plan.onStart);
  for (const [name, value] of Object.entries(expected)) {
    if (headers[name] !== value) problems.push(`${name} is ${String(headers[name])}, not ${value}`);
  }
  if (call.target !== expectedTarget(plan.onStart, handle, hostUrl))
    problems.push(`it went to ${call.target}`);
  // The configured body, as it was given; null is no body.
  const given = plan.onStart.body ?? null;
  if (given === null ? body !== '' : JSON.stringify(JSON.parse(body)) !== JSON.stringify(given))
    problems.push(`its body is ${body}`);
  return problems;
}
