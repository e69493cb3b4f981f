import type { BatchStats, Dag, NewBatch, NewTask } from '@arcrun/client';
import type { ReferenceBatch, ReferenceEngine } from './reference-engine.ts';
import { isOpen, type ReferenceTask, toTask } from './reference-tasks.ts';
import type { Changes } from '../scenario/scenario.ts';
import type { ApiAnswer, ApiRequest } from '../run/world.ts';

const answer = (status: number, body: unknown = null, batchId: string | null = null): ApiAnswer => ({
  status,
  body,
  batchId,
});
const conflict = (status: number, { status: current }: ReferenceTask): ApiAnswer =>
  answer(status, { error: `it is ${current}`, status, current_status: current });

/** What the API answers, with the reference engine behind it. */
export function answerCall(engine: ReferenceEngine, { method, path, body }: ApiRequest): ApiAnswer {
  const [pathname = '', query] = path.split('?');
  const [, subject, ...rest] = pathname.split('/') as [string, string, ...string[]];
  if (method === 'POST') {
    const { id, tasks } = engine.create(body as NewTask[] | NewBatch);
    return tasks.length === 0 ? answer(204, null, id) : answer(201, tasks.map(toTask), id);
  }
  if (subject === 'task') {
    const task = engine.tasks.get(rest.at(-1)!)!;
    const verb = rest.length === 2 ? rest[0] : undefined;
    const attempt = new URLSearchParams(query).get('attempt');
    if (attempt !== null && Number(attempt) !== task.attempt) return refuseAttempt(task, method);
    return answerTask(engine, task, method, verb, body as TaskBody);
  }
  const batch = engine.batches.get(rest[0]!)!;
  if (subject === 'dag') return answer(200, dagOf(batch));
  if (method === 'GET') return answer(200, statsOf(batch));
  return method === 'DELETE'
    ? stop(engine, batch)
    : changeRules(batch, body as Pick<NewTask, 'kind' | 'rules'>);
}

/** What an attempt says that is over: progress is dropped, a report refused. */
function refuseAttempt(task: ReferenceTask, method: ApiRequest['method']): ApiAnswer {
  if (method === 'PUT') return answer(202);
  const { body } = conflict(409, task);
  return answer(409, { ...(body as object), current_attempt: task.attempt });
}

type TaskBody = Changes & { status?: 'Success' | 'Failure'; failure_reason?: string; retryable?: boolean };

function answerTask(
  engine: ReferenceEngine,
  task: ReferenceTask,
  method: ApiRequest['method'],
  verb: string | undefined,
  body: TaskBody,
): ApiAnswer {
  const done = () => answer(200, { id: task.id, status: task.status });
  if (method === 'GET') return answer(200, toTask(task));
  if (verb === 'pause') return engine.pause(task) ? done() : conflict(400, task);
  if (verb === 'resume') return engine.resume(task) ? done() : conflict(400, task);
  if (method === 'PUT') {
    if (isOpen(task)) engine.change(task, body);
    return answer(202);
  }
  if (method === 'DELETE') {
    if (!isOpen(task)) return conflict(400, task);
    engine.end(task, 'Canceled', null);
    return done();
  }
  if (body.status !== undefined) {
    const { status, failure_reason: reason = null, retryable: isRetryable = true, ...changes } = body;
    const isDone = engine.report(task, { status, reason, changes, isRetryable }) || task.status === status;
    return isDone ? done() : conflict(409, task);
  }
  if (!isOpen(task)) return conflict(409, task);
  engine.change(task, body);
  return done();
}

const countsOf = ({ tasks }: ReferenceBatch) => {
  const count = (status: string): number => tasks.filter((task) => task.status === status).length;
  return {
    waiting: count('Waiting'),
    pending: count('Pending'),
    claimed: count('Claimed'),
    running: count('Running'),
    success: count('Success'),
    failure: count('Failure'),
    paused: count('Paused'),
    canceled: count('Canceled'),
  };
};

function statsOf(batch: ReferenceBatch): BatchStats {
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const expected = batch.tasks.map(({ expectedCount }) => expectedCount);
  return {
    batch_id: batch.id,
    total_tasks: batch.tasks.length,
    total_success: sum(batch.tasks.map(({ success }) => success)),
    total_failures: sum(batch.tasks.map(({ failures }) => failures)),
    total_expected: expected.includes(null) ? null : sum(expected as number[]),
    status_counts: countsOf(batch),
    rerun_of: null,
    reruns: [],
  };
}

const dagOf = ({ tasks, links }: ReferenceBatch): Dag => ({
  tasks: tasks.map(toTask),
  links: links.map(({ parent, child, requiresSuccess }) => ({
    parent_id: parent,
    child_id: child,
    requires_success: requiresSuccess,
  })),
});

function stop(engine: ReferenceEngine, batch: ReferenceBatch): ApiAnswer {
  const { waiting, pending, claimed, running, paused, success, failure, canceled } = countsOf(batch);
  if (batch.tasks.some(isOpen)) engine.stop(batch);
  return answer(200, {
    batch_id: batch.id,
    canceled_waiting: waiting,
    canceled_pending: pending,
    canceled_claimed: claimed,
    canceled_running: running,
    canceled_paused: paused,
    already_terminal: success + failure + canceled,
  });
}

function changeRules(
  batch: ReferenceBatch,
  { kind, rules = [] }: Pick<NewTask, 'kind' | 'rules'>,
): ApiAnswer {
  const changed = batch.tasks.filter((task) => isOpen(task) && task.given.kind === kind);
  for (const task of changed) task.rules = rules;
  return answer(200, { batch_id: batch.id, kind, updated_count: changed.length });
}
