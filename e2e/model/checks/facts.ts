import type { Attempt, Task } from '@arcrun/client';
import type { History, ObservedCall, ObservedRequest } from '../run/history.ts';
import { pathOf } from '../run/operations.ts';
import type { BatchPlan, Operation, TaskPlan } from '../scenario/scenario.ts';

/** All that a history knows of one task. */
export interface TaskFacts {
  readonly plan: TaskPlan;
  readonly batch: BatchPlan;
  readonly id: string;
  readonly final: Task;
  /** In the request. */
  readonly position: number;
  readonly parents: readonly ParentFacts[];
  readonly children: readonly TaskFacts[];
  /** Calls of on_start in all attempts, in the order of their arrival, and those in the last attempt. */
  readonly starts: readonly ObservedCall[];
  readonly lastStarts: readonly ObservedCall[];
  /** Attempts that failed and were followed by another one. */
  readonly retried: readonly RetriedAttempt[];
  /** Calls of on_success, on_failure and the cancel action. */
  readonly notices: readonly ObservedCall[];
  readonly requests: readonly ObservedRequest[];
}

export interface RetriedAttempt {
  readonly said: Attempt;
  readonly starts: readonly ObservedCall[];
}

interface ParentFacts {
  readonly task: TaskFacts;
  readonly requiresSuccess: boolean;
}

export type RequestOf<What extends Operation['what']> = ObservedRequest & {
  readonly operation: Extract<Operation, { what: What }>;
};

/** A history, sorted by what it is about. */
export interface Facts {
  readonly history: History;
  readonly tasks: readonly TaskFacts[];
  readonly byId: ReadonlyMap<string, TaskFacts>;
  requests<What extends Operation['what']>(what: What): RequestOf<What>[];
}

type Building = TaskFacts & { parents: ParentFacts[]; children: TaskFacts[] };

export function sortFacts(history: History): Facts {
  const byRef = new Map<string, Building>();
  for (const batch of history.scenario.batches) {
    for (const [position, plan] of batch.tasks.entries()) {
      const id = history.taskIds.get(plan.ref);
      if (id === undefined) continue;
      byRef.set(plan.ref, { ...gather(history, plan, id), batch, position, parents: [], children: [] });
    }
  }
  for (const child of byRef.values()) {
    for (const { name, requiresSuccess } of child.plan.dependencies) {
      // A dependency on a task that was skipped counts as met.
      const parent = byRef.get(`${child.batch.name}/${name}`);
      if (parent === undefined) continue;
      child.parents.push({ task: parent, requiresSuccess });
      parent.children.push(child);
    }
  }
  const tasks = [...byRef.values()];
  return {
    history,
    tasks,
    byId: new Map(tasks.map((task) => [task.id, task])),
    requests: (what) => requestsOf(history.requests, what),
  };
}

function gather(history: History, plan: TaskPlan, id: string) {
  const calls = history.calls.filter((call) => call.headers['x-task-id'] === id);
  const startPath = pathOf(plan.onStart.target);
  const starts = calls.filter((call) => pathOf(call.target) === startPath);
  const startsOf = (attempt: number) => starts.filter((call) => attemptOf(call) === attempt);
  const final = history.final.tasks.get(plan.ref)!;
  return {
    plan,
    id,
    final,
    starts,
    lastStarts: startsOf(final.attempt),
    retried: final.attempts
      .filter(({ attempt }) => attempt < final.attempt)
      .map((said) => ({ said, starts: startsOf(said.attempt) })),
    notices: calls.filter((call) => pathOf(call.target) !== startPath),
    requests: history.requests.filter(({ operation }) => 'task' in operation && operation.task === plan.ref),
  };
}

export const attemptOf = ({ headers }: ObservedCall): number => Number(headers['x-task-attempt']);

export function requestsOf<What extends Operation['what']>(
  requests: readonly ObservedRequest[],
  what: What,
): RequestOf<What>[] {
  return requests.filter((request): request is RequestOf<What> => request.operation.what === what);
}

export const isTerminal = (status: string): boolean => ['Success', 'Failure', 'Canceled'].includes(status);

export const isOk = ({ status }: { readonly status: number }): boolean => status >= 200 && status < 300;

/** Whether an on_start was answered so that its task runs. */
export const isAccepted = ({ answer }: ObservedCall): boolean =>
  answer !== null && answer !== 'reset' && isOk(answer);

/** Microseconds since 1970 of a time as the API writes it. */
export function microsOf(time: string): number {
  const [, whole, digits] = /^(.*)\.(\d{6})Z$/.exec(time)!;
  return Date.parse(`${whole}Z`) * 1000 + Number(digits);
}
