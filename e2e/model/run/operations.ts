import type { NewAction, NewBatch, NewTask } from '@arcrun/client';
import type { ActionPlan, BatchPlan, Operation, TaskPlan } from '../scenario/scenario.ts';
import type { ApiRequest } from './world.ts';

/** How tasks and batches are called by the API. */
export interface Ids {
  readonly taskIds: ReadonlyMap<string, string>;
  readonly batchIds: ReadonlyMap<string, string>;
}

/** The HTTP call of an operation; null when what it is about does not exist (yet, or was skipped as a duplicate). */
export function toRequest(
  operation: Operation,
  ids: Ids,
  batches: readonly BatchPlan[],
  receiverUrl: string,
): ApiRequest | null {
  if ('task' in operation) {
    const id = ids.taskIds.get(operation.task);
    return id === undefined ? null : toTaskRequest(operation, id);
  }
  if (operation.what === 'create') {
    const plan = batches.find(({ name }) => name === operation.batch)!;
    return { method: 'POST', path: '/task', body: toNewBatch(plan, receiverUrl) };
  }
  const id = ids.batchIds.get(operation.batch);
  if (id === undefined) return null;
  if (operation.what === 'stop') return { method: 'DELETE', path: `/batch/${id}` };
  const { kind, rules } = operation;
  return { method: 'PATCH', path: `/batch/${id}/rules`, body: { kind, rules } };
}

function toTaskRequest(operation: Extract<Operation, { task: string }>, id: string): ApiRequest {
  const path = `/task/${id}`;
  const handleOf = (attempt: number | null) => (attempt === null ? path : `${path}?attempt=${attempt}`);
  switch (operation.what) {
    case 'report': {
      const { status, reason, changes, attempt, isRetryable } = operation;
      const body = {
        status,
        ...(reason !== null && { failure_reason: reason }),
        ...(!isRetryable && { retryable: false }),
        ...changes,
      };
      return { method: 'PATCH', path: handleOf(attempt), body };
    }
    case 'progress':
      return {
        method: 'PUT',
        path: handleOf(operation.attempt),
        body: { new_success: operation.success, new_failures: operation.failures },
      };
    case 'change':
      return { method: 'PATCH', path, body: operation.changes };
    case 'cancel':
      return { method: 'DELETE', path };
    case 'pause':
    case 'resume':
      return { method: 'PATCH', path: `/task/${operation.what}/${id}` };
    case 'read':
      return { method: 'GET', path };
  }
}

function toNewBatch(plan: BatchPlan, receiverUrl: string): NewBatch | NewTask[] {
  const tasks = plan.tasks.map((task) => toNewTask(task, receiverUrl));
  if (plan.onComplete.length === 0 && plan.scope === null) return tasks;
  return {
    tasks,
    on_batch_complete: plan.onComplete.map((action) => toAction(action, receiverUrl)),
    ...(plan.scope !== null && { scope: plan.scope }),
  };
}

function toNewTask(plan: TaskPlan, receiverUrl: string): NewTask {
  const actions = (plans: readonly ActionPlan[]) => plans.map((action) => toAction(action, receiverUrl));
  return {
    id: plan.name,
    name: plan.name,
    kind: plan.kind,
    timeout: plan.timeoutSecs,
    ...(plan.metadata !== null && { metadata: plan.metadata }),
    dependencies: plan.dependencies.map(({ name, requiresSuccess }) => ({
      id: name,
      requires_success: requiresSuccess,
    })),
    rules: [...plan.rules],
    dedupe_strategy: [...plan.dedupe],
    ...(plan.expectedCount !== null && { expected_count: plan.expectedCount }),
    priority: plan.priority,
    dead_end_barrier: plan.deadEndBarrier,
    ...(plan.retry !== null && {
      retry: {
        max_attempts: plan.retry.maxAttempts,
        backoff_secs: plan.retry.backoffMs / 1000,
        backoff_factor: plan.retry.backoffFactor,
        jitter: plan.retry.hasJitter,
        on: [...plan.retry.on],
      },
    }),
    on_start: toAction(plan.onStart, receiverUrl),
    on_success: actions(plan.onSuccess),
    on_failure: actions(plan.onFailure),
  };
}

export function toAction(plan: ActionPlan, receiverUrl: string): NewAction {
  const { target, verb, body, headers } = plan;
  return {
    kind: 'Webhook',
    params: {
      url: receiverUrl + target,
      verb,
      ...(body !== undefined && { body }),
      ...(headers !== undefined && { headers: { ...headers } }),
    },
  };
}

/** The path of an action's URL: what a call is recognised by. */
export const pathOf = (target: string): string => target.replace(/\?.*$/, '');
