import { isDeepStrictEqual } from 'node:util';
import type { Json } from '@arcrun/client';
import { checkAsConfigured, expectedTarget } from './check-calls.ts';
import { cancelActionOf } from '../run/drive-scenario.ts';
import { type Facts, isAccepted, type TaskFacts } from './facts.ts';
import type { History, ObservedCall } from '../run/history.ts';
import { causeOf, type Moments } from './moments.ts';
import { pathOf } from '../run/operations.ts';
import type { ActionPlan } from '../scenario/scenario.ts';

/** A notification that must have been delivered. */
interface Expected {
  readonly key: string;
  readonly action: ActionPlan;
  readonly subjectId: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Null for a batch's. */
  readonly taskId: string | null;
  readonly report: Json;
  /** It cannot come before. */
  readonly notBeforeMs: number;
  /** The claim whose answer brought its action may have been lost. */
  readonly isOptional?: boolean;
}

/** Every notification that the ends call for was delivered, as it should be and no more; and there are no others. */
export function checkNotifications(facts: Facts, moments: Moments): string[] {
  const { history } = facts;
  const expected = [
    ...facts.tasks.flatMap((task) => ofTask(task, moments)),
    ...history.scenario.batches.flatMap(({ name }) => ofBatch(name, facts, moments)),
  ];
  const keys = new Set(expected.map(({ key }) => key));
  const calls = history.calls.filter((call) => call.headers['x-task-trigger'] !== 'start');
  const byKey = Map.groupBy(calls, (call) => String(call.headers['idempotency-key']));
  return [
    ...expected.flatMap((each) =>
      [...checkDelivery(each, byKey.get(each.key) ?? [], history), ...checkLedger(each, history)].map(
        (problem) => `${each.key}: ${problem}`,
      ),
    ),
    ...[...byKey.keys()].filter((key) => !keys.has(key)).map((key) => `${key} was called for no reason`),
    ...history.final.ledger
      .filter((row) => !keys.has(row.idempotency_key))
      .map((row) => `${row.idempotency_key} is in the ledger for no reason`),
  ];
}

function ofTask(task: TaskFacts, moments: Moments): Expected[] {
  const { plan, final, id, lastStarts: starts } = task;
  const isDeadEnd = causeOf(task).what === 'deadEnd';
  const all = (actions: readonly ActionPlan[], key: string, trigger: string): Expected[] =>
    actions.map((action, position) => ({
      key: `${id}:${key}${position === 0 ? '' : `:${position}`}`,
      action,
      subjectId: id,
      taskId: id,
      headers: { 'x-task-id': id, 'x-task-trigger': trigger, 'x-batch-id': undefined },
      report: { status: final.status, ended_at: final.ended_at, trigger },
      // Start is delivered before the rest, unless its claim is given up.
      notBeforeMs: Math.max(
        moments.end(task).earliestMs,
        ...(moments.hasCrashes ? [] : starts.map(({ answeredMs }) => answeredMs!)),
      ),
      isOptional: moments.hasCrashes && trigger === 'cancel',
    }));
  // What an attempt that is over said does not count.
  const cancelActions = starts.some(isAccepted) ? cancelActionOf(plan.behaviours[final.attempt - 1]!) : [];
  return [
    ...(final.status === 'Success' ? all(plan.onSuccess, 'end:success', 'end') : []),
    ...(final.status === 'Failure' || isDeadEnd ? all(plan.onFailure, 'end:failure', 'end') : []),
    ...(final.status === 'Canceled' ? all(cancelActions, 'cancel', 'cancel') : []),
  ];
}

function ofBatch(name: string, facts: Facts, moments: Moments): Expected[] {
  const { history, tasks } = facts;
  const creation = facts.requests('create').find(({ operation }) => operation.batch === name)!;
  const id = history.batchIds.get(name)!;
  const plan = history.scenario.batches.find((batch) => batch.name === name)!;
  const own = tasks.filter(({ batch }) => batch.name === name);
  const count = (status: string): number => own.filter(({ final }) => final.status === status).length;
  const counts = { success: count('Success'), failure: count('Failure'), canceled: count('Canceled') };
  return plan.onComplete.map((action, position) => ({
    key: `batch:${id}:complete${position === 0 ? '' : `:${position}`}`,
    action,
    subjectId: id,
    taskId: null,
    // It is about no task, so a header of that name is the user's own.
    headers: {
      'x-batch-id': id,
      'x-task-trigger': 'batch_complete',
      'x-task-id': action.headers?.['x-task-id'],
    },
    report: { batch_id: id, counts },
    notBeforeMs: Math.max(creation.sentMs, ...own.map((task) => moments.end(task).earliestMs)),
  }));
}

function checkDelivery(expected: Expected, calls: readonly ObservedCall[], history: History): string[] {
  const { action } = expected;
  if (expected.isOptional && calls.length === 0) return [];
  const isOften = calls.length > action.refusals.length + 1 && !history.settings.hasCrashes;
  if (calls.length < action.refusals.length + 1 || isOften)
    return [`it came ${calls.length} times and was refused ${action.refusals.length} times`];
  return calls.flatMap((call) => {
    const problems = checkAsConfigured(call, action);
    for (const [header, value] of Object.entries(expected.headers)) {
      if (call.headers[header] !== value) problems.push(`${header} is ${String(call.headers[header])}`);
    }
    if (pathOf(call.target) !== pathOf(action.target))
      problems.push(`it is another action's: ${call.target}`);
    if (call.target !== expectedTarget(action, expected.taskId, history.settings.hostUrl))
      problems.push(`it went to ${call.target}`);
    if (call.arrivedMs < expected.notBeforeMs) problems.push('it came too early');
    problems.push(...checkBody(call.body, action, expected, history));
    return problems;
  });
}

/** The user's body, with the report under `arcrun`. */
function checkBody(
  text: string,
  { body = null }: ActionPlan,
  { report, taskId }: Expected,
  history: History,
) {
  const sent = JSON.parse(text) as { arcrun?: { completed_at?: string } };
  const completedAt = sent.arcrun?.completed_at;
  const told = taskId === null ? { ...(report as object), completed_at: completedAt } : report;
  const isObject = body !== null && typeof body === 'object' && !Array.isArray(body);
  const rest = isObject ? body : body === null ? {} : { body };
  const problems: string[] = [];
  if (!isDeepStrictEqual(sent, { ...rest, arcrun: told })) problems.push(`its body is ${text}`);
  if (taskId === null && completedAt === undefined) problems.push('it has no completed_at');
  const ends = [...history.final.tasks.values()]
    .filter((task) => (report as { batch_id?: string }).batch_id === task.batch_id)
    .map((task) => task.ended_at!);
  if (taskId === null && ends.some((end) => end > completedAt!))
    problems.push('completed_at is before an end');
  return problems;
}

function checkLedger(expected: Expected, { final, settings }: History): string[] {
  const { key, action, subjectId } = expected;
  const rows = final.ledger.filter((row) => row.idempotency_key === key);
  if (expected.isOptional && rows.length === 0) return [];
  if (rows.length !== 1) return [`it is in the ledger ${rows.length} times`];
  const { status, attempts, last_error: error, task_id: taskId, batch_id: batchId } = rows[0]!;
  const problems: string[] = [];
  if (status !== 'Success') problems.push(`the ledger says ${status}`);
  if ((taskId ?? batchId) !== subjectId) problems.push('the ledger names another subject');
  // Attempts of a worker that was killed count, and leave no error.
  if (settings.hasCrashes) return problems;
  if (attempts !== action.refusals.length + 1) problems.push(`the ledger says ${attempts} attempts`);
  const refusal = action.refusals.at(-1);
  if ((error === null) !== (refusal === undefined)) problems.push(`its last error is ${error}`);
  if (refusal !== undefined && refusal !== 'reset' && !error?.includes(String(refusal.status)))
    problems.push(`its last error does not name ${refusal.status}`);
  return problems;
}
