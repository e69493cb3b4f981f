import { type NewAction, type NewTask, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { TASK_STATUSES } from '@arcrun/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

const ROUNDS = 6;

let stack: Stack;
/** The pages of all processes when all has ended. */
let pages: string[];
/** Tasks in the database by status. */
let counts: Record<string, number>;
let created: number;

const to = (path: string): NewAction => webhook(`${stack.receiver.url}/${path}`);
const aTask = (id: string, start: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: `kind ${id}`, on_start: to(start), ...rest });
const needs = (id: string) => ({ dependencies: [{ id, requires_success: true }] });

/** The sum of a metric over all processes and the labels that are not named. */
function sumOf(name: string, labels: Readonly<Record<string, string>> = {}): number {
  return pages
    .flatMap((page) => Array.from(page.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))))
    .filter(([, given = '']) =>
      Object.entries(labels).every(([label, value]) => `,${given},`.includes(`,${label}="${value}",`)),
    )
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}

const ask = async <Row extends object>(query: string): Promise<Row[]> =>
  (await stack.database.pool.query<Row>(query)).rows;
const count = async (query: string): Promise<number> => (await ask<{ n: number }>(query))[0]!.n;

beforeAll(async () => {
  stack = await startStack({
    apis: 2,
    workers: 3,
    settings: {
      METRICS_SAMPLER_INTERVAL_SECS: '1',
      WEBHOOK_RETRY_BACKOFF_BASE_SECS: '0',
      WEBHOOK_MAX_ATTEMPTS: '2',
    },
  });
  const flaky = new Set<string>();
  stack.receiver.behave(async (call) => {
    const path = /^\/(\w+)/.exec(call.target)![1]!;
    switch (path) {
      case 'early':
        await call.handle.success();
        return;
      case 'fail':
        await call.handle.fail('broken');
        return;
      case 'refuse':
        return { status: 500 };
      case 'flaky':
        if (flaky.has(call.taskId!)) return;
        flaky.add(call.taskId!);
        return { status: 503 };
      default:
        return;
    }
  });
  const batchIds: string[] = [];
  created = 0;
  await Promise.all(
    Array.from({ length: ROUNDS }, async (_, round) => {
      const client = stack.clients[round % 2]!;
      const other = stack.clients[(round + 1) % 2]!;
      const tasks = [
        aTask('early', 'early', { on_success: [to('flaky')] }),
        aTask('after', 'early', { ...needs('early'), on_success: [to('told')] }),
        aTask('broken', 'fail', { on_failure: [to('refuse')] }),
        aTask('below', 'early', needs('broken')),
        aTask('deeper', 'early', needs('below')),
        aTask('refused', 'refuse'),
        aTask('silent', 'hang', { timeout: 1 }),
        aTask('paused', 'early', needs('early')),
      ];
      const first = await client.createBatch({ tasks, on_batch_complete: [to('told')] });
      const second = await other.createBatch([aTask('canceled', 'hang'), aTask('stopped', 'hang')]);
      batchIds.push(first.batchId, second.batchId);
      created += tasks.length + 2;
      await client.cancelTask(second.tasks[0]!.id);
      await other.stopBatch(second.batchId);
      const paused = first.tasks.find(({ name }) => name === 'paused')!;
      // It may have ended already.
      const isPaused = await other.pauseTask(paused.id).then(
        () => true,
        () => false,
      );
      if (isPaused) await client.resumeTask(paused.id);
      await client.addProgress(first.tasks[0]!.id, { success: 1 });
    }),
  );
  for (const [at, batchId] of batchIds.entries())
    await stack.clients[at % 2]!.waitForBatch(batchId, { pollMs: 50 });
  await until('all is told', async () => {
    const open = await count(`select count(*)::integer as n from delivery where status = 'Pending'`);
    return open === 0;
  });
  const rows = await ask<{ status: string; n: number }>(
    `select status::text, count(*)::integer as n from task_state group by status`,
  );
  counts = Object.fromEntries(rows.map(({ status, n }) => [status, n]));
  await until('all is counted and sampled', async () => {
    const processes = [...stack.apis, ...stack.workers];
    pages = await Promise.all(processes.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    // A call is counted when it has been recorded, which is a moment after its effect can be seen.
    return (
      TASK_STATUSES.every((status) => sumOf('tasks_by_status', { status }) === (counts[status] ?? 0)) &&
      sumOf('workers_alive') === 3 &&
      sumOf('webhook_delivery_success_total') + sumOf('webhook_delivery_exhausted_total') === 4 * ROUNDS &&
      sumOf('webhook_attempts_total', { trigger: 'start' }) ===
        stack.receiver.calls.filter(({ trigger }) => trigger === 'start').length
    );
  });
});
afterAll(() => stack.close());

// proves: metrics/many-processes, metrics/tasks-created-total, metrics/tasks-completed-total,
// metrics/tasks-failed-by-dependency-total, metrics/tasks-cancelled-total, metrics/tasks-timed-out-total
test('each task is counted once, wherever it was created and however it ended', async () => {
  expect(sumOf('tasks_created_total')).toBe(created);
  expect(sumOf('tasks_completed_total', { outcome: 'success' })).toBe(counts['Success']);
  const cascaded = await count(
    `select count(*)::integer as n from task_state where failure_reason like 'Required parent task % failed'`,
  );
  expect(cascaded).toBe(2 * ROUNDS);
  expect(sumOf('tasks_failed_by_dependency_total')).toBe(cascaded);
  expect(sumOf('tasks_completed_total', { outcome: 'failure' })).toBe(counts['Failure']! - cascaded);
  expect(sumOf('tasks_cancelled_total')).toBe(counts['Canceled']);
  expect(sumOf('tasks_timed_out_total')).toBe(ROUNDS);
  expect(sumOf('batches_completed_total')).toBe(2 * ROUNDS);
  for (const kind of ['kind early', 'kind after'])
    expect([kind, sumOf('tasks_completed_total', { kind })]).toEqual([kind, ROUNDS]);
});

// proves: metrics/many-processes, metrics/task-status-transitions-total
test('what came into a status and what left it leaves what is there', async () => {
  const [start] = await ask<{ waiting: number; all: number }>(
    `
      select count(*) filter (where exists (select from link where child_id = id))::integer as waiting,
        count(*)::integer as all from task`,
  );
  const began: Record<string, number> = { Waiting: start!.waiting, Pending: start!.all - start!.waiting };
  for (const status of TASK_STATUSES) {
    const came = sumOf('task_status_transitions_total', { to_status: status });
    const left = sumOf('task_status_transitions_total', { from_status: status });
    expect([status, (began[status] ?? 0) + came - left]).toEqual([status, counts[status] ?? 0]);
  }
});

// proves: metrics/many-processes, metrics/webhook-attempts-total, metrics/webhook-executions-total,
// metrics/deliveries
test('each call is counted once, by the worker that made it', async () => {
  const calls = stack.receiver.calls;
  const attempts = (trigger: string) => sumOf('webhook_attempts_total', { trigger });
  for (const trigger of ['start', 'end', 'batch_complete'])
    expect([trigger, attempts(trigger)]).toEqual([
      trigger,
      calls.filter((call) => call.trigger === trigger).length,
    ]);
  for (const trigger of ['start', 'end'])
    expect(sumOf('webhook_duration_seconds_count', { trigger })).toBe(attempts(trigger));
  const delivered = await count(`select count(*)::integer as n from delivery where status = 'Success'`);
  const exhausted = await count(`select count(*)::integer as n from delivery where status = 'Exhausted'`);
  expect([delivered, exhausted]).toEqual([3 * ROUNDS, ROUNDS]);
  expect(sumOf('webhook_delivery_success_total')).toBe(delivered);
  expect(sumOf('webhook_delivery_exhausted_total')).toBe(exhausted);
  expect(sumOf('webhook_delivery_retries_total')).toBe(2 * ROUNDS);
  expect(sumOf('webhook_delivery_lag_seconds_count')).toBe(delivered);
});

// proves: metrics/many-processes, metrics/sampled-once, metrics/tasks-by-status
test('the gauges of the fleet may be summed: one process shows them', () => {
  for (const status of TASK_STATUSES)
    expect([status, sumOf('tasks_by_status', { status })]).toEqual([status, counts[status] ?? 0]);
  expect(sumOf('workers_alive')).toBe(3);
  expect(pages.filter((page) => /^workers_alive /m.test(page))).toHaveLength(1);
  // What belongs to a process is shown by each.
  expect(pages.filter((page) => /^db_pool_connections\{/m.test(page))).toHaveLength(5);
});

// proves: metrics/sampled-once
test('when the process that shows them is gone, another one does', async () => {
  for (const api of stack.apis) await api.stop();
  const shown = async () => {
    const texts = await Promise.all(
      stack.workers.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
    );
    return texts.filter((text) => /^workers_alive 3$/m.test(text)).length;
  };
  await until('a worker shows them', async () => (await shown()) === 1);
});
