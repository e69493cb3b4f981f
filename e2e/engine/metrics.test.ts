import {
  type BasicTask,
  type Matcher,
  type NewAction,
  type NewTask,
  type Rule,
  task,
  webhook,
} from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningProcess } from '../harness/processes.ts';
import { type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;
/** What each process tells when all has ended. */
let api: string;
let worker: string;

const to = (path: string): NewAction => webhook(`${stack.receiver.url}/${path}`);
const aTask = (id: string, start: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: 'etl', on_start: to(start), ...rest });
const pageOf = async ({ url }: RunningProcess) => (await fetch(`${url}/metrics`)).text();

async function whenRunning(id: string, report: () => Promise<void>): Promise<void> {
  await until('it runs', async () => (await stack.client.getTask(id)).status === 'Running');
  await report();
}

/** What each receiver does, by the path that is called. */
function behave(): void {
  const flaky = new Set<string>();
  stack.receiver.behave(async (call) => {
    const path = /^\/(\w+)/.exec(call.target)![1]!;
    switch (path) {
      case 'early':
        await call.handle.success();
        return;
      case 'work':
        void whenRunning(call.taskId!, () => call.handle.success());
        return;
      case 'break':
        void whenRunning(call.taskId!, () => call.handle.fail('broken'));
        return;
      case 'refuse':
      case 'never':
        return { status: 500 };
      case 'flaky':
        if (flaky.has(call.taskId!)) return;
        flaky.add(call.taskId!);
        return { status: 503 };
      default:
        return;
    }
  });
}

beforeAll(async () => {
  stack = await startStack({
    apis: 1,
    workers: 1,
    settings: {
      SLOW_QUERY_THRESHOLD_MS: '0',
      METRICS_SAMPLER_INTERVAL_SECS: '1',
      WEBHOOK_RETRY_BACKOFF_BASE_SECS: '0',
      WEBHOOK_MAX_ATTEMPTS: '2',
      RUST_LOG: 'debug',
    },
  });
  behave();
  const { client } = stack;
  const needs = (id: string) => ({ dependencies: [{ id, requires_success: true }] });
  const first = await client.createBatch([
    aTask('early', 'early', { on_success: [to('done')] }),
    aTask('after', 'work', { ...needs('early'), on_success: [to('flaky')] }),
    aTask('broken', 'break'),
    aTask('below', 'work', needs('broken')),
    aTask('refused', 'refuse', { on_failure: [to('never')] }),
    aTask('silent', 'hang', { timeout: 1 }),
  ]);
  const matcher: Matcher = { status: 'Running', kind: 'limited', fields: [] };
  const rules: Rule[] = [{ type: 'Concurency', max_concurency: 1, matcher }];
  const second = await client.createBatch(
    ['x', 'y', 'z'].map((id) => aTask(id, 'work', { kind: 'limited', rules })),
  );
  const third = await client.createBatch([aTask('stays', 'hang'), aTask('canceled', 'hang')]);
  const [stays, canceled] = third.tasks as [BasicTask, BasicTask];
  await whenRunning(stays.id, () => client.addProgress(stays.id, { success: 1 }));
  await whenRunning(canceled.id, () => client.cancelTask(canceled.id));
  for (const { batchId } of [first, second]) await client.waitForBatch(batchId, { pollMs: 50 });
  await until('it is told', async () => {
    const ledger = await client.listDeliveries();
    return ledger.length === 3 && ledger.every(({ status }) => status !== 'Pending');
  });
  await until('it was sampled', async () => {
    [api, worker] = (await Promise.all([...stack.apis, ...stack.workers].map(pageOf))) as [string, string];
    // One of them shows the gauges of the fleet; an API process, when there is one.
    const [ofApi, ofWorker] = [api, worker].map((page) =>
      ['Success', 'Failure'].map((status) => valueOf(page, 'tasks_by_status', { status })),
    );
    return ofApi!.join() === '5,4' && ofWorker!.every((value) => value === null);
  });
});
afterAll(() => stack.close());

/** The sum of a metric over the values of the labels that are not named. */
function valueOf(page: string, name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  const lines = Array.from(page.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm')));
  const meant = lines.filter(([, given = '']) =>
    Object.entries(labels).every(([label, value]) => `,${given},`.includes(`,${label}="${value}",`)),
  );
  return meant.length === 0 ? null : meant.reduce((sum, [, , value]) => sum + Number(value), 0);
}

// proves: metrics/tasks-created-total, metrics/tasks-with-dependencies-total, metrics/batch-insert-tasks,
// metrics/tasks-completed-total, metrics/tasks-cancelled-total, metrics/task-status-transitions-total,
// metrics/dependency-propagations-total, metrics/tasks-unblocked-total, metrics/tasks-failed-by-dependency-total,
// metrics/batches-completed-total, metrics/batch-update-events-total, metrics/task-duration-seconds,
// metrics/where-counted
test.each<[name: string, labels: Record<string, string>, value: number]>([
  ['tasks_created_total', {}, 11],
  ['tasks_with_dependencies_total', {}, 2],
  ['batch_insert_tasks_count', {}, 3],
  ['batch_insert_tasks_sum', {}, 11],
  ['tasks_completed_total', { outcome: 'success', kind: 'etl' }, 2],
  ['tasks_completed_total', { outcome: 'success', kind: 'limited' }, 3],
  ['tasks_completed_total', { outcome: 'failure', kind: 'etl' }, 1],
  ['tasks_cancelled_total', {}, 1],
  ['task_status_transitions_total', { from_status: 'Claimed', to_status: 'Success' }, 1],
  ['task_status_transitions_total', { from_status: 'Running', to_status: 'Success' }, 4],
  ['task_status_transitions_total', { from_status: 'Running', to_status: 'Failure' }, 1],
  ['task_status_transitions_total', { from_status: 'Running', to_status: 'Canceled' }, 1],
  ['task_status_transitions_total', { from_status: 'Waiting', to_status: 'Pending' }, 1],
  ['task_status_transitions_total', { from_status: 'Waiting', to_status: 'Failure' }, 1],
  ['dependency_propagations_total', { parent_outcome: 'success' }, 5],
  ['dependency_propagations_total', { parent_outcome: 'failure' }, 1],
  ['dependency_propagations_total', { parent_outcome: 'canceled' }, 1],
  ['tasks_unblocked_total', {}, 1],
  ['tasks_failed_by_dependency_total', {}, 1],
  ['batches_completed_total', {}, 1],
  ['batch_update_events_total', {}, 1],
  ['task_duration_seconds_count', { kind: 'limited', outcome: 'success' }, 3],
])('the API counts %s %j: %i', (name, labels, value) => {
  expect(valueOf(api, name, labels)).toBe(value);
});

// proves: metrics/tasks-timed-out-total, metrics/tasks-completed-total, metrics/task-status-transitions-total,
// metrics/webhook-executions-total, metrics/webhook-attempts-total, metrics/webhook-duration-seconds,
// metrics/webhook-idempotent-conflicts-total, metrics/webhook-delivery-success-total,
// metrics/webhook-delivery-retries-total, metrics/webhook-delivery-lag-seconds, metrics/task-wait-seconds,
// metrics/deliveries, metrics/where-counted, webhooks/exhausted
test.each<[name: string, labels: Record<string, string>, value: number]>([
  ['tasks_timed_out_total', {}, 1],
  ['tasks_completed_total', { outcome: 'failure', kind: 'etl' }, 2],
  ['task_status_transitions_total', { from_status: 'Pending', to_status: 'Claimed' }, 10],
  ['task_status_transitions_total', { from_status: 'Claimed', to_status: 'Running' }, 8],
  ['task_status_transitions_total', { from_status: 'Claimed', to_status: 'Failure' }, 1],
  ['task_status_transitions_total', { from_status: 'Running', to_status: 'Failure' }, 1],
  ['webhook_executions_total', { trigger: 'start', outcome: 'success' }, 9],
  ['webhook_executions_total', { trigger: 'start', outcome: 'failure' }, 1],
  ['webhook_executions_total', { trigger: 'end', outcome: 'success' }, 2],
  ['webhook_executions_total', { trigger: 'end', outcome: 'failure' }, 1],
  ['webhook_attempts_total', { trigger: 'end', outcome: 'success' }, 2],
  ['webhook_attempts_total', { trigger: 'end', outcome: 'failure' }, 3],
  ['webhook_duration_seconds_count', { trigger: 'start' }, 10],
  ['webhook_duration_seconds_count', { trigger: 'end' }, 5],
  ['webhook_idempotent_conflicts_total', {}, 1],
  ['webhook_delivery_success_total', {}, 2],
  ['webhook_delivery_retries_total', {}, 2],
  ['webhook_delivery_exhausted_total', {}, 1],
  ['webhook_delivery_lag_seconds_count', {}, 2],
  ['task_wait_seconds_count', { kind: 'etl' }, 5],
  ['task_wait_seconds_count', { kind: 'limited' }, 3],
  ['tasks_created_total', {}, 0],
])('a worker counts %s %j: %i', (name, labels, value) => {
  expect(valueOf(worker, name, labels)).toBe(value);
});

// proves: metrics/tasks-blocked-by-concurrency-total, metrics/worker-loop-iterations-total, metrics/loop-label,
// metrics/worker-loop-duration-seconds, metrics/tasks-processed-per-loop, metrics/slow-queries-total,
// metrics/db-query-duration-seconds, metrics/db-pool-connections
test.each<[name: string, labels: Record<string, string>]>([
  ['tasks_blocked_by_concurrency_total', {}],
  ...['start', 'timeout', 'delivery'].flatMap((loop): [string, Record<string, string>][] => [
    ['worker_loop_iterations_total', { loop }],
    ['worker_loop_duration_seconds_count', { loop }],
    ['tasks_processed_per_loop_count', { loop }],
  ]),
  ['slow_queries_total', { query: 'claim_tasks' }],
  ['db_query_duration_seconds_count', { query: 'claim_tasks' }],
  ['db_pool_connections', { state: 'total' }],
])('a worker has seen some of %s %j', (name, labels) => {
  expect(valueOf(worker, name, labels)).toBeGreaterThan(0);
});

// proves: metrics/tasks-by-status, metrics/running-tasks-by-kind
test('the gauges of the fleet are those of the tasks', () => {
  const counts = { Success: 5, Failure: 4, Canceled: 1, Running: 1, Pending: 0 };
  for (const [status, count] of Object.entries(counts))
    expect([status, valueOf(api, 'tasks_by_status', { status })]).toEqual([status, count]);
  expect(valueOf(api, 'running_tasks_by_kind', { kind: 'etl' })).toBe(1);
});

// proves: metrics/queues, metrics/mended
test('the queues tell their depth, age, and what was taken over or mended', () => {
  for (const queue of ['start', 'webhook', 'propagation', 'timeout']) {
    expect([queue, valueOf(api, 'queue_jobs', { queue })]).toEqual([queue, expect.any(Number)]);
    expect(valueOf(api, 'queue_jobs', { queue, state: 'active' })).toEqual(expect.any(Number));
    expect(valueOf(api, 'queue_oldest_due_seconds', { queue })).toEqual(expect.any(Number));
  }
  for (const name of ['queue_stalled_total', 'lost_doorbells_total', 'places_mended_total']) {
    expect(worker).toContain(`# TYPE ${name} counter`);
    expect(valueOf(worker, name) ?? 0).toBe(0);
  }
});

// proves: http/ledger-tries, webhooks/exhausted, webhooks/retried
test('the ledger tells of the notification that was given up, and of its tries', async () => {
  const [given] = await stack.client.listDeliveries({ status: 'Exhausted' });
  expect(given).toMatchObject({
    attempts: 2,
    last_error: expect.stringContaining('500'),
    next_attempt_at: null,
  });
});

// proves: settings/ignored
test('settings that mean nothing are named', () => {
  for (const { output } of [...stack.apis, ...stack.workers])
    expect(output()).toMatch(/settings ignored .*RUST_LOG/);
});
