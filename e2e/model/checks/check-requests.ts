import { type Facts, isOk, isTerminal, type RequestOf, requestsOf, type TaskFacts } from './facts.ts';
import type { ObservedRequest } from '../run/history.ts';
import { causeOf, mayBe, type Moments } from './moments.ts';

/** Answers of the API: each must be one that the task's life allows at that moment. */
export function checkRequests(facts: Facts, moments: Moments): string[] {
  return facts.tasks.flatMap((task) => [
    ...task.requests.flatMap((request) =>
      checkAnswer(task, request, moments).map(
        (problem) => `${JSON.stringify(request.operation)} answered ${request.status}: ${problem}`,
      ),
    ),
    ...checkTurns(task),
  ]);
}

function checkAnswer(task: TaskFacts, request: ObservedRequest, moments: Moments): string[] {
  const { operation, status, body } = request;
  const range = { fromMs: request.sentMs, toMs: request.answeredMs };
  const said = body as { status?: unknown; current_status?: unknown; current_attempt?: number } | null;
  const current = String(isOk(request) ? said?.status : said?.current_status);
  const might = (...statuses: string[]) => statuses.some((each) => mayBe(task, each, moments, range));
  const unless = (holds: boolean, problem: string) => (holds ? [] : [problem]);
  const ended = isTerminal(current) && might(current);
  switch (operation.what) {
    case 'report': {
      const { attempt, reason } = operation;
      const isTriedAgain = task.retried.some(({ said: { failure_reason: own } }) => own === reason);
      if (status === 200 && current === 'Pending') return unless(isTriedAgain, 'it was not tried again');
      if (status === 200) {
        const isCurrent = attempt === null || attempt === task.final.attempt;
        return unless(isCurrent && might(operation.status), `the task is ${task.final.status}`);
      }
      const now = said?.current_attempt;
      if (now !== undefined) {
        const isAnother = attempt !== null && now !== attempt && now <= task.final.attempt;
        return unless(status === 409 && isAnother && might(current), `it says attempt ${now}, ${current}`);
      }
      // Claimed and Running tasks take a report.
      const refused = ended && current !== operation.status;
      const early = ['Waiting', 'Pending', 'Paused'].includes(current) && might(current);
      return unless(status === 409 && (refused || early), `it says ${current}`);
    }
    case 'change':
      if (status === 200) return unless(!isTerminal(current) && might(current), `it says ${current}`);
      return unless(status === 409 && ended, `it says ${current}`);
    case 'progress':
      return unless(status === 202, 'it must be 202');
    case 'cancel':
      if (status === 200) return unless(causeOf(task).what === 'canceled', 'the task ended otherwise');
      return unless(status === 400 && ended, `it says ${current}`);
    case 'pause':
      if (status === 200) return unless(might('Waiting', 'Pending'), 'the task cannot have been waiting');
      return unless(
        status === 400 && !['Waiting', 'Pending'].includes(current) && might(current),
        `it says ${current}`,
      );
    case 'resume':
      if (status === 200)
        return unless(might('Paused') && ['Waiting', 'Pending'].includes(current), `it says ${current}`);
      return unless(status === 400 && current !== 'Paused' && might(current), `it says ${current}`);
    case 'read':
      return unless(status === 200 && might(current), `it says ${current}`);
    case 'create':
    case 'stop':
    case 'rules':
      return [];
  }
}

/** A task is canceled once, and paused and resumed in turn. */
function checkTurns(task: TaskFacts): string[] {
  const count = (what: 'cancel' | 'pause' | 'resume') => requestsOf(task.requests, what).filter(isOk).length;
  const problems: string[] = [];
  if (count('cancel') > 1) problems.push(`${task.plan.ref} was canceled ${count('cancel')} times`);
  const pauses = count('pause') - count('resume');
  if (pauses < 0 || pauses > 1)
    problems.push(`${task.plan.ref} was paused ${count('pause')} and resumed ${count('resume')} times`);
  return problems;
}

/** Stops and new rules: how many tasks they say to have changed. */
export function checkBatchRequests(facts: Facts, moments: Moments): string[] {
  const tasksOf = (batch: string) => facts.tasks.filter((task) => task.batch.name === batch);
  return [
    ...facts
      .requests('rules')
      .flatMap((request) => checkRulesAnswer(request, tasksOf(request.operation.batch), moments)),
    ...facts.history.scenario.batches.flatMap(({ name }) =>
      checkStops(
        facts.requests('stop').filter(({ operation }) => operation.batch === name),
        tasksOf(name),
        moments.hasCrashes,
      ),
    ),
  ];
}

function checkRulesAnswer(
  { operation, status, body, sentMs, answeredMs }: RequestOf<'rules'>,
  tasks: readonly TaskFacts[],
  moments: Moments,
): string[] {
  const ofKind = tasks.filter(({ plan }) => plan.kind === operation.kind);
  const least = ofKind.filter((task) => moments.end(task).earliestMs > answeredMs).length;
  const most = ofKind.filter((task) => moments.end(task).latestMs >= sentMs).length;
  const { updated_count: updated } = body as { updated_count: number };
  return status === 200 && updated >= least && updated <= most
    ? []
    : [`new rules answered ${status} for ${updated} tasks, not ${least} to ${most}`];
}

/** The first stop cancels all that has not ended; what others come to is that all had ended. */
function checkStops(
  stops: readonly RequestOf<'stop'>[],
  tasks: readonly TaskFacts[],
  hasCrashes: boolean,
): string[] {
  const problems: string[] = [];
  const stopped = tasks.filter((task) => causeOf(task).what === 'stopped');
  let sum = 0;
  for (const { status, body } of stops) {
    const counts = body as Record<string, number>;
    const count = (name: string): number => counts[`canceled_${name}`]!;
    const canceled = ['waiting', 'pending', 'claimed', 'running', 'paused'].reduce(
      (n, name) => n + count(name),
      0,
    );
    sum += canceled;
    if (status !== 200 || canceled + counts['already_terminal']! !== tasks.length)
      problems.push(`a stop answered ${status} and counts ${JSON.stringify(body)} of ${tasks.length} tasks`);
    if (canceled === 0) continue;
    const called = stopped.filter(({ lastStarts }) => lastStarts.length > 0).length;
    const ran = stopped.filter(({ final }) => final.started_at !== null).length;
    if (ran !== count('running'))
      problems.push(`a stop says ${count('running')} ran, but ${ran} had started`);
    const mayBeCalled =
      count('running') + count('claimed') + (hasCrashes ? count('pending') + count('paused') : 0);
    if (called < count('running') || called > mayBeCalled)
      problems.push(`a stop counts ${JSON.stringify(body)}, but ${called} of what it stopped were called`);
  }
  if (sum !== stopped.length) problems.push(`stops counted ${sum} tasks and canceled ${stopped.length}`);
  return problems;
}
