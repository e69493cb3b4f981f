import type { Task } from '@arcrun/client';
import type { History, ObservedCall, ObservedRequest } from '../run/history.ts';

// Right histories with one thing in them falsified: what the model must not allow.

/** Falsifies one thing; null when the history has nothing to falsify in this way. */
export type Falsify = (history: History) => History | null;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function changeTask(
  which: (task: Task, history: History) => boolean,
  change: (task: Task, history: History) => Partial<Task>,
): Falsify {
  return (history) => {
    const found = [...history.final.tasks].find(([, task]) => which(task, history));
    if (found === undefined) return null;
    const [ref, task] = found;
    const tasks = new Map(history.final.tasks).set(ref, { ...task, ...change(task, history) });
    return { ...history, final: { ...history.final, tasks } };
  };
}

function changeCall(
  which: (call: ObservedCall, history: History) => boolean,
  change: (call: ObservedCall) => Partial<ObservedCall>,
): Falsify {
  return (history) => {
    const index = history.calls.findIndex((call) => which(call, history));
    if (index === -1) return null;
    const call = history.calls[index]!;
    return { ...history, calls: history.calls.with(index, { ...call, ...change(call) }) };
  };
}

const repeatCall =
  (which: (call: ObservedCall) => boolean, change: Partial<ObservedCall> = {}): Falsify =>
  (history) => {
    const call = history.calls.find(which);
    return call === undefined ? null : { ...history, calls: [...history.calls, { ...call, ...change }] };
  };

const dropCall =
  (which: (call: ObservedCall, history: History) => boolean): Falsify =>
  (history) => {
    const call = history.calls.find((each) => which(each, history));
    return call === undefined ? null : { ...history, calls: history.calls.filter((other) => other !== call) };
  };

function changeAnswer(
  which: (request: ObservedRequest, history: History) => boolean,
  change: (request: ObservedRequest) => Partial<ObservedRequest>,
): Falsify {
  return (history) => {
    const index = history.requests.findIndex((request) => which(request, history));
    if (index === -1) return null;
    const request = history.requests[index]!;
    return { ...history, requests: history.requests.with(index, { ...request, ...change(request) }) };
  };
}

const triggerOf = ({ headers }: ObservedCall): string => String(headers['x-task-trigger']);
const isStart = (call: ObservedCall): boolean => triggerOf(call) === 'start';
const isFurther = (call: ObservedCall): boolean => isStart(call) && call.headers['x-task-attempt'] !== '1';
const isEnd = (call: ObservedCall): boolean => triggerOf(call) === 'end';
const isComplete = (call: ObservedCall): boolean => triggerOf(call) === 'batch_complete';

const withHeader = (call: ObservedCall, name: string, value: string | undefined) => ({
  headers: { ...call.headers, [name]: value },
});

const reports = (text: string, name: string, value: unknown): string => {
  const body = JSON.parse(text) as { arcrun: Record<string, unknown> };
  return JSON.stringify({ ...body, arcrun: { ...body.arcrun, [name]: value } });
};

const said = (request: ObservedRequest): Mutable<Record<string, unknown>> =>
  request.body as Record<string, unknown>;
const earlier = '2025-12-31T00:00:00.000000Z';
const isReported = ({ status, failure_reason: reason }: Task): boolean =>
  status === 'Success' || (status === 'Failure' && reason !== null && reason.includes('broke'));

const isTriedAgain = ({ attempt, attempts }: Task): boolean => attempt > 1 && attempts.length > 1;

const what =
  (name: string, status: number) =>
  (request: ObservedRequest): boolean =>
    request.operation.what === name && request.status === status;

const ofTasks: Record<string, Falsify> = {
  'a task is left Running': changeTask(isReported, () => ({ status: 'Running', ended_at: null })),
  'a success is a failure': changeTask(
    ({ status }) => status === 'Success',
    () => ({ status: 'Failure', failure_reason: 'nobody said so' }),
  ),
  'a failure is a success': changeTask(
    ({ status, failure_reason: reason }) => status === 'Failure' && reason!.includes('broke'),
    () => ({ status: 'Success', failure_reason: null }),
  ),
  'a canceled task failed': changeTask(
    ({ status, failure_reason: reason }) => status === 'Canceled' && reason === null,
    () => ({ status: 'Failure', failure_reason: 'Timeout' }),
  ),
  'a cascade names another task': changeTask(
    ({ failure_reason: reason }) => reason?.startsWith('Required parent') ?? false,
    ({ id }) => ({ failure_reason: `Required parent task ${id} failed` }),
  ),
  'a task that failed by cascade has started': changeTask(
    ({ failure_reason: reason }) => reason?.startsWith('Required parent') ?? false,
    ({ ended_at: end }) => ({ started_at: end }),
  ),
  'a task whose on_start was refused has started': changeTask(
    ({ failure_reason: reason }) => reason?.startsWith('on_start') ?? false,
    ({ ended_at: end }) => ({ started_at: end }),
  ),
  'a success has never started': changeTask(
    ({ status }) => status === 'Success',
    () => ({ started_at: null }),
  ),
  'a task ended before it was created': changeTask(isReported, () => ({
    ended_at: earlier,
    last_updated: earlier,
  })),
  'a task started before its parent ended': changeTask(
    ({ id, started_at: start }, { final }) =>
      start !== null &&
      final.dags.values().some(({ links }) => links.some(({ child_id: child }) => child === id)),
    ({ created_at: created }) => ({ started_at: created }),
  ),
  'something moved after the end': changeTask(isReported, () => ({
    last_updated: '2027-01-01T00:00:00.000000Z',
  })),
  'a counter has one more': changeTask(isReported, ({ success }) => ({ success: success + 1 })),
  'a counter has forgotten': changeTask(
    ({ failures }) => failures > 0,
    () => ({ failures: 0 }),
  ),
  'the priority is another': changeTask(isReported, ({ priority }) => ({ priority: priority + 7 })),
  'the metadata is gone': changeTask(
    ({ metadata }) => metadata !== null,
    () => ({ metadata: null }),
  ),
  'expected_count is another': changeTask(isReported, () => ({ expected_count: 77 })),
  'an attempt is not told of': changeTask(isTriedAgain, ({ attempts }) => ({ attempts: attempts.slice(1) })),
  'an attempt failed for another reason': changeTask(isTriedAgain, ({ attempts }) => ({
    attempts: attempts.with(0, { ...attempts[0]!, failure_reason: 'nobody said so' }),
  })),
  'an attempt that was followed by another one succeeded': changeTask(isTriedAgain, ({ attempts }) => ({
    attempts: attempts.with(0, { ...attempts[0]!, status: 'Success' }),
  })),
  'an attempt has counted one more': changeTask(isTriedAgain, ({ attempts }) => ({
    attempts: attempts.with(0, { ...attempts[0]!, success: attempts[0]!.success + 1 }),
  })),
  'a task has one attempt more than it had': changeTask(isTriedAgain, ({ attempt }) => ({
    attempt: attempt + 1,
  })),
  'a task has ended and begins again': changeTask(isTriedAgain, ({ ended_at: end }) => ({
    next_attempt_at: end,
  })),
};

const ofCalls: Record<string, Falsify> = {
  'a task is called twice by the same claim': repeatCall(isStart),
  'a success was never called': dropCall(
    (call, { final }) =>
      isStart(call) &&
      final.tasks.values().some(({ id, status }) => id === call.headers['x-task-id'] && status === 'Success'),
  ),
  'a task is called before it is there': changeCall(isStart, () => ({ arrivedMs: -1 })),
  'a notification is lost': dropCall(isEnd),
  'a notification comes twice': repeatCall(isEnd),
  'a batch is complete twice': repeatCall(isComplete),
  'a batch is complete before its tasks': changeCall(isComplete, () => ({ arrivedMs: -1 })),
  'an end is told before the answer to on_start': changeCall(isEnd, () => ({ arrivedMs: -1 })),
  'a further attempt has the key of the first': changeCall(isFurther, (call) =>
    withHeader(call, 'idempotency-key', `${String(call.headers['x-task-id'])}:start`),
  ),
  'a further attempt is called the first': changeCall(isFurther, (call) =>
    withHeader(call, 'x-task-attempt', '1'),
  ),
  'a further attempt has the handle of another': changeCall(isFurther, ({ target }) => ({
    target: target.replace(/attempt%3D\d/, 'attempt%3D1'),
  })),
  'a further attempt comes before the end of the first': changeCall(isFurther, () => ({ arrivedMs: -1 })),
  'on_start has another key': changeCall(isStart, (call) => withHeader(call, 'idempotency-key', 'x:start')),
  'an end has another key': changeCall(isEnd, (call) => withHeader(call, 'idempotency-key', 'x:end:success')),
  'a trigger is misnamed': changeCall(isEnd, (call) => withHeader(call, 'x-task-trigger', 'cancel')),
  'a call is chunked': changeCall(isEnd, (call) => withHeader(call, 'transfer-encoding', 'chunked')),
  'a header of the user is gone': changeCall(
    (call) => isEnd(call) && call.headers['x-own'] !== undefined,
    (call) => withHeader(call, 'x-own', undefined),
  ),
  'a call of on_start lacks a header of the user': changeCall(
    (call) => isStart(call) && call.headers['x-own'] !== undefined,
    (call) => withHeader(call, 'x-own', undefined),
  ),
  'the method is another': changeCall(isStart, () => ({ method: 'TRACE' })),
  'the handle is gone': changeCall(isStart, ({ target }) => ({
    target: target.replace(/.handle=http.*/, ''),
  })),
  'on_start has the body of an end': changeCall(isStart, () => ({ body: '{"arcrun":{}}' })),
  'an end tells another status': changeCall(isEnd, ({ body }) => ({
    body: reports(body, 'status', 'Running'),
  })),
  'an end tells another time': changeCall(isEnd, ({ body }) => ({
    body: reports(body, 'ended_at', earlier),
  })),
  'a batch tells other counts': changeCall(isComplete, ({ body }) => ({
    body: reports(body, 'counts', { success: 99, failure: 0, canceled: 0 }),
  })),
  'a batch was complete before its last end': changeCall(
    (call, { final }) =>
      isComplete(call) && final.tasks.values().some(({ batch_id: id }) => id === call.headers['x-batch-id']),
    ({ body }) => ({ body: reports(body, 'completed_at', earlier) }),
  ),
};

const ofAnswers: Record<string, Falsify> = {
  'a report is refused without a reason': changeAnswer(what('report', 200), (request) => ({
    status: 409,
    body: { current_status: said(request)['status'] },
  })),
  'a report that contradicts the end is taken': changeAnswer(what('report', 409), ({ operation }) => ({
    status: 200,
    body: { status: operation.what === 'report' && operation.status },
  })),
  'a report of an attempt that is over is taken': changeAnswer(
    (request) => what('report', 409)(request) && said(request)['current_attempt'] !== undefined,
    ({ operation }) => ({
      status: 200,
      body: { status: operation.what === 'report' && operation.status },
    }),
  ),
  'a failure is said to be tried again that was the end': changeAnswer(
    (request) => what('report', 200)(request) && said(request)['status'] === 'Failure',
    () => ({ body: { status: 'Pending' } }),
  ),
  'progress is refused': changeAnswer(what('progress', 202), () => ({ status: 409 })),
  'a cancel of an ended task is taken': changeAnswer(what('cancel', 400), () => ({
    status: 200,
    body: { status: 'Canceled' },
  })),
  'a cancel says the wrong status': changeAnswer(what('cancel', 400), () => ({
    body: { current_status: 'Pending' },
  })),
  'a change of an ended task is taken': changeAnswer(what('change', 409), () => ({
    status: 200,
    body: { status: 'Running' },
  })),
  'a pause is taken too late': changeAnswer(
    (request) => what('pause', 400)(request) && said(request)['current_status'] === 'Success',
    () => ({ status: 200, body: { status: 'Paused' } }),
  ),
  'a resume is taken of a task that was not paused': changeAnswer(what('resume', 400), () => ({
    status: 200,
    body: { status: 'Pending' },
  })),
  'a task is read as Paused that never was': changeAnswer(
    (request, { requests }) =>
      what('read', 200)(request) && !requests.some(({ operation }) => operation.what === 'pause'),
    ({ body }) => ({ body: { ...(body as Task), status: 'Paused' } }),
  ),
  'a stop counts one task less': changeAnswer(what('stop', 200), (request) => ({
    body: { ...said(request), already_terminal: Number(said(request)['already_terminal']) - 1 },
  })),
  'a stop counts tasks that had ended': changeAnswer(
    (request) => what('stop', 200)(request) && Number(said(request)['already_terminal']) > 0,
    (request) => ({
      body: {
        ...said(request),
        canceled_waiting: Number(said(request)['canceled_waiting']) + 1,
        already_terminal: Number(said(request)['already_terminal']) - 1,
      },
    }),
  ),
  'new rules reached more tasks than there are': changeAnswer(what('rules', 200), (request) => ({
    body: { ...said(request), updated_count: 999 },
  })),
  'a creation answers in another order': changeAnswer(
    (request) => request.operation.what === 'create' && ((request.body as Task[] | null)?.length ?? 0) > 1,
    ({ body }) => ({ body: (body as Task[]).toReversed() }),
  ),
  'a creation answers 200': changeAnswer(what('create', 201), () => ({ status: 200 })),
  'a child is created Pending': changeAnswer(
    (request) =>
      request.operation.what === 'create' &&
      ((request.body as Task[] | null)?.some(({ status }) => status === 'Waiting') ?? false),
    ({ body }) => ({ body: (body as Task[]).map((task) => ({ ...task, status: 'Pending' })) }),
  ),
};

const ofTheEnd: Record<string, Falsify> = {
  'the ledger has lost a row': ({ final, ...history }) =>
    final.ledger.length === 0 ? null : { ...history, final: { ...final, ledger: final.ledger.slice(1) } },
  'the ledger has exhausted a notification': ({ final, ...history }) =>
    final.ledger.length === 0
      ? null
      : {
          ...history,
          final: { ...final, ledger: final.ledger.with(0, { ...final.ledger[0]!, status: 'Exhausted' }) },
        },
  'the ledger counts too many attempts': ({ final, ...history }) =>
    final.ledger.length === 0
      ? null
      : {
          ...history,
          final: { ...final, ledger: final.ledger.with(0, { ...final.ledger[0]!, attempts: 9 }) },
        },
  'a batch has a task too many': ({ final, ...history }) => {
    const [name, stats] = [...final.stats][0]!;
    const changed = new Map(final.stats).set(name, { ...stats, total_tasks: stats.total_tasks + 1 });
    return { ...history, final: { ...final, stats: changed } };
  },
  'a graph has lost a link': ({ final, ...history }) => {
    const found = [...final.dags].find(([, { links }]) => links.length > 0);
    if (found === undefined) return null;
    const [name, dag] = found;
    const dags = new Map(final.dags).set(name, { ...dag, links: dag.links.slice(1) });
    return { ...history, final: { ...final, dags } };
  },
  'an ordinary task was skipped': (history) => {
    const found = history.requests.findIndex(
      ({ operation, body }) => operation.what === 'create' && ((body as Task[] | null)?.length ?? 0) > 1,
    );
    if (found === -1) return null;
    const request = history.requests[found]!;
    const body = (request.body as Task[]).slice(1);
    return { ...history, requests: history.requests.with(found, { ...request, body }) };
  },
};

export const FALSIFICATIONS: Readonly<Record<string, Falsify>> = {
  ...ofTasks,
  ...ofCalls,
  ...ofAnswers,
  ...ofTheEnd,
};
