import type { ActionToCall } from '@arcrun/database';
import { enrichBody, idempotencyKey, type Report, TRIGGER_HEADERS, type Trigger } from '@arcrun/domain';
import type { Claim, LeasedDelivery } from '@arcrun/database';
import { addQueryParameter } from './request-target.ts';
import type { WebhookCall } from './webhook-client.ts';

/** The call of a claimed task's on_start; its body stays as the user gave it. */
export function buildStartCall(claim: Claim, action: ActionToCall, hostUrl: string): WebhookCall {
  const { id, attempt, maxAttempts } = claim;
  return buildCall(action, {
    // What reports an attempt that is over must not end another one.
    url: withHandle(action.url, hostUrl, maxAttempts > 1 ? `${id}?attempt=${attempt}` : id),
    body: action.body,
    headers: {
      'idempotency-key': idempotencyKey({
        trigger: 'Start',
        condition: null,
        subjectId: id,
        position: 0,
        attempt,
      }),
      'x-task-id': id,
      'x-task-trigger': TRIGGER_HEADERS.Start,
      'x-task-claim': String(claim.claim),
      'x-task-attempt': String(attempt),
    },
  });
}

/** The call of a notification, with the report of what it tells. */
export function buildDeliveryCall(
  delivery: LeasedDelivery,
  action: ActionToCall,
  hostUrl: string,
): WebhookCall {
  const { trigger, condition, position, taskId, subject } = delivery;
  const key = { trigger, condition, position };
  const headers = { 'x-task-trigger': TRIGGER_HEADERS[trigger] };
  const body = enrichBody(action.body, reportOf(delivery));
  if (taskId === null || !('attempt' in subject)) {
    const batchId = delivery.batchId!;
    return buildCall(action, {
      url: action.url,
      body,
      headers: {
        ...headers,
        'idempotency-key': idempotencyKey({ ...key, subjectId: batchId }),
        'x-batch-id': batchId,
      },
    });
  }
  return buildCall(action, {
    url: withHandle(action.url, hostUrl, taskId),
    body,
    headers: {
      ...headers,
      'idempotency-key': idempotencyKey({ ...key, subjectId: taskId }),
      'x-task-id': taskId,
      'x-task-attempt': String(subject.attempt),
    },
  });
}

/** @param task its id, perhaps with a query */
function withHandle(url: string, hostUrl: string, task: string): string {
  return addQueryParameter(url, 'handle', `${hostUrl}/task/${task}`);
}

function buildCall(
  action: ActionToCall,
  { url, body, headers }: { url: string; body: string | null; headers: Readonly<Record<string, string>> },
): WebhookCall {
  const users = action.headers === null ? {} : (JSON.parse(action.headers) as Record<string, string>);
  // The user's headers are sent as given, but cannot replace ours, whatever their case.
  const merged: Record<string, string> = body === null ? {} : { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(users)) merged[name.toLowerCase()] = value;
  return { url, method: action.verb.toUpperCase(), headers: { ...merged, ...headers }, body };
}

function reportOf({ subject, trigger, batchId }: LeasedDelivery): Report {
  if ('status_counts' in subject) {
    const { Success: success = 0, Failure: failure = 0, Canceled: canceled = 0 } = subject.status_counts;
    return { batch_id: batchId!, counts: { success, failure, canceled }, completed_at: subject.completed_at };
  }
  return {
    status: subject.status,
    ended_at: subject.ended_at,
    trigger: TRIGGER_HEADERS[trigger satisfies Trigger],
  };
}
