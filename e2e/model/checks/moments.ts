import {
  attemptOf,
  type Facts,
  isAccepted,
  isOk,
  isTerminal,
  requestsOf,
  type RetriedAttempt,
  type TaskFacts,
} from './facts.ts';
import type { RetryCause } from '@arcrun/client';
import type { ObservedRequest } from '../run/history.ts';

// When something inside the system happened, as far as it can be known from outside: no earlier than the call that
// caused it was sent, no later than the first answer or call that tells of it.

export interface Range {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** Why a task ended, by what it says of itself. */
export type Cause =
  | { readonly what: 'reported' }
  | { readonly what: 'refused' } // on_start failed
  | { readonly what: 'timedOut' }
  | { readonly what: 'cascaded'; readonly parentId: string }
  | { readonly what: 'canceled' }
  | { readonly what: 'stopped' }
  | { readonly what: 'deadEnd' };

const DEAD_END = 'All child tasks already terminated';
const STOPPED = 'Batch stopped';

export function causeOf({ final: { status, failure_reason: reason } }: TaskFacts): Cause {
  if (status === 'Canceled') {
    if (reason === DEAD_END) return { what: 'deadEnd' };
    return { what: reason === STOPPED ? 'stopped' : 'canceled' };
  }
  if (status === 'Success' || reason === null) return { what: 'reported' };
  switch (retryCauseOf(reason)) {
    case 'timeout':
      return { what: 'timedOut' };
    case 'start':
      return { what: 'refused' };
    case 'failure':
  }
  const parentId = /^Required parent task (\S+) failed$/.exec(reason)?.[1];
  return parentId === undefined ? { what: 'reported' } : { what: 'cascaded', parentId };
}

/** What a retry policy calls a failure with this reason. */
export function retryCauseOf(reason: string): RetryCause {
  if (reason === 'Timeout') return 'timeout';
  return reason.startsWith('on_start webhook failed') ? 'start' : 'failure';
}

/** The database's clock and the observer's may run apart by so much while a task times out. */
const CLOCK_SLACK_MS = 50;

export class Moments {
  readonly #facts: Facts;
  readonly #ends = new Map<TaskFacts, Range>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** Whether claims may have been handed back. */
  get hasCrashes(): boolean {
    return this.#facts.history.settings.hasCrashes;
  }

  /** When the task ended. */
  end(task: TaskFacts): Range {
    const known = this.#ends.get(task);
    if (known !== undefined) return known;
    // Histories that are wrong may go in circles.
    this.#ends.set(task, { earliestMs: -Infinity, latestMs: Infinity });
    const range = { earliestMs: this.#earliestEnd(task), latestMs: this.#latestEnd(task) };
    this.#ends.set(task, range);
    return range;
  }

  /** When an attempt ended that was followed by another one. */
  endOfAttempt(task: TaskFacts, { said, starts }: RetriedAttempt): Range {
    const reports = retriedReports(task).filter(({ operation }) => operation.reason === said.failure_reason);
    const later = task.starts.filter((call) => attemptOf(call) > said.attempt);
    const causes = {
      failure: reports.map(({ sentMs }) => sentMs),
      start: starts.map((call) => call.answeredMs ?? Infinity),
      timeout: starts
        .slice(0, 1)
        .map(({ arrivedMs }) => arrivedMs + task.plan.timeoutSecs * 1000 - CLOCK_SLACK_MS),
    };
    return {
      earliestMs: Math.min(Infinity, ...causes[retryCauseOf(said.failure_reason ?? '')]),
      latestMs: Math.min(
        this.end(task).latestMs,
        ...reports.map(({ answeredMs }) => answeredMs),
        ...later.map(({ arrivedMs }) => arrivedMs),
      ),
    };
  }

  /** When the last parent ended; at the creation for a task without parents. */
  release(task: TaskFacts): Range {
    const ends = task.parents.map(({ task: parent }) => this.end(parent));
    const { sentMs, answeredMs } = this.creation(task);
    return {
      earliestMs: Math.max(sentMs, ...ends.map((end) => end.earliestMs)),
      latestMs: Math.max(answeredMs, ...ends.map((end) => end.latestMs)),
    };
  }

  creation({ batch }: TaskFacts): ObservedRequest {
    return this.#facts.requests('create').find(({ operation }) => operation.batch === batch.name)!;
  }

  #earliestEnd(task: TaskFacts): number {
    const first = (requests: readonly ObservedRequest[]) =>
      Math.min(Infinity, ...requests.map(({ sentMs }) => sentMs));
    const cause = causeOf(task);
    switch (cause.what) {
      case 'reported':
        return first(endReports(task));
      case 'canceled':
        return first(requestsOf(task.requests, 'cancel').filter(isOk));
      case 'stopped':
        return first(this.#stops(task));
      case 'refused':
        return Math.min(Infinity, ...task.lastStarts.map((call) => call.answeredMs ?? Infinity));
      case 'timedOut':
        return (task.lastStarts[0]?.arrivedMs ?? Infinity) + task.plan.timeoutSecs * 1000 - CLOCK_SLACK_MS;
      case 'cascaded': {
        const parent = this.#facts.byId.get(cause.parentId);
        return parent === undefined ? -Infinity : this.end(parent).earliestMs;
      }
      case 'deadEnd':
        return Math.max(-Infinity, ...task.children.map((child) => this.end(child).earliestMs));
    }
  }

  #latestEnd(task: TaskFacts): number {
    const tells = [
      this.#facts.history.final.readMs,
      ...task.requests.filter((request) => tellsEnd(request)).map(({ answeredMs }) => answeredMs),
      ...this.#stops(task).map(({ answeredMs }) => answeredMs),
      ...task.notices.map(({ arrivedMs }) => arrivedMs),
      ...task.children.flatMap((child) => child.starts.map(({ arrivedMs }) => arrivedMs)),
    ];
    const cause = causeOf(task);
    const parent = cause.what === 'cascaded' ? this.#facts.byId.get(cause.parentId) : undefined;
    // A cascade that is not put off commits together with the end that it follows from.
    if (parent !== undefined && this.isInline(task)) tells.push(this.end(parent).latestMs);
    return Math.min(...tells);
  }

  /** Whether nothing that follows from an end in this batch can be put off. */
  isInline({ batch }: TaskFacts): boolean {
    return batch.tasks.length <= this.#facts.history.settings.inlineLimit;
  }

  #stops({ batch }: TaskFacts): ObservedRequest[] {
    return this.#facts
      .requests('stop')
      .filter((request) => request.operation.batch === batch.name && isOk(request));
  }
}

/** Whether the answer tells that the task had ended by then. */
function tellsEnd({ body }: ObservedRequest): boolean {
  const said = body as { status?: unknown; current_status?: unknown } | null;
  return [said?.status, said?.current_status].some((word) => typeof word === 'string' && isTerminal(word));
}

/** The reports of which one was the end, as far as the answers and the reason tell. */
export function endReports(task: TaskFacts) {
  return requestsOf(task.requests, 'report').filter(
    (request) =>
      request.status === 200 &&
      request.operation.status === task.final.status &&
      (task.final.status === 'Success' || request.operation.reason === task.final.failure_reason),
  );
}

/** The reports that were followed by another attempt. */
export function retriedReports(task: TaskFacts) {
  return requestsOf(task.requests, 'report').filter(
    ({ status, body }) => status === 200 && (body as { status?: unknown } | null)?.status === 'Pending',
  );
}

/** Whether the task may have been in this status at some moment of a range of time. */
export function mayBe(
  task: TaskFacts,
  status: string,
  moments: Moments,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): boolean {
  const end = moments.end(task);
  if (moments.creation(task).sentMs > toMs) return false;
  if (isTerminal(status)) return task.final.status === status && end.earliestMs <= toMs;
  if (end.latestMs < fromMs) return false;
  const release = moments.release(task);
  switch (status) {
    case 'Waiting':
      // A cascade that was put off may not have reached it yet.
      return task.parents.length > 0 && (release.latestMs >= fromMs || !moments.isInline(task));
    case 'Pending':
      return (
        release.earliestMs <= toMs &&
        (moments.hasCrashes ||
          task.retried.length > 0 ||
          !task.starts.some(({ arrivedMs }) => arrivedMs < fromMs))
      );
    case 'Claimed':
      return release.earliestMs <= toMs && (moments.hasCrashes || task.starts.length > 0);
    case 'Running':
      return (
        [task.final, ...task.retried.map(({ said }) => said)].some(({ started_at: at }) => at !== null) &&
        task.starts.some((call) => isAccepted(call) && call.answeredMs! <= toMs)
      );
    case 'Paused':
      return pauses(task).some(({ fromMs: began, toMs: ended }) => began <= toMs && ended >= fromMs);
    default:
      return false;
  }
}

const STATUSES = ['Waiting', 'Pending', 'Claimed', 'Running', 'Success', 'Failure', 'Paused', 'Canceled'];

/** Whether a task that was there was in this status during all of a range of time. */
export function mustBe(
  task: TaskFacts,
  status: string,
  moments: Moments,
  range: { fromMs: number; toMs: number },
): boolean {
  return STATUSES.every((other) => mayBe(task, other, moments, range) === (other === status));
}

/** The longest times that pauses may have lasted: from the call to the answer of the resume that ended it. */
function pauses(task: TaskFacts): { fromMs: number; toMs: number }[] {
  const resumes = requestsOf(task.requests, 'resume').filter(isOk);
  return requestsOf(task.requests, 'pause')
    .filter(isOk)
    .map((pause) => {
      const next = resumes.filter((resume) => resume.answeredMs > pause.sentMs);
      return { fromMs: pause.sentMs, toMs: Math.min(Infinity, ...next.map(({ answeredMs }) => answeredMs)) };
    });
}
