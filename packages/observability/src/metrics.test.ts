import { Counter, Histogram } from 'prom-client';
import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

// proves: metrics/from-the-start
test('each counter without labels is there before anything was counted', async () => {
  const { registry } = createMetrics();
  const text = await registry.metrics();
  const names = registry
    .getMetricsAsArray()
    .filter((metric) => metric instanceof Counter && !/^(process|nodejs)_/.test(metric.name))
    .filter((metric) => (metric as unknown as { labelNames: string[] }).labelNames.length === 0)
    .map(({ name }) => name);
  expect(names.length).toBeGreaterThan(15);
  for (const name of names) expect(text).toMatch(new RegExp(`^${name} 0$`, 'm'));
});

// proves: metrics/names
test.each<[type: string, name: string, labels?: string]>([
  ['counter', 'tasks_created_total'],
  ['counter', 'tasks_completed_total', 'outcome kind'],
  ['counter', 'tasks_cancelled_total'],
  ['counter', 'tasks_timed_out_total'],
  ['counter', 'task_status_transitions_total', 'from_status to_status'],
  ['counter', 'tasks_with_dependencies_total'],
  ['counter', 'dependency_propagations_total', 'parent_outcome'],
  ['counter', 'tasks_unblocked_total'],
  ['counter', 'tasks_failed_by_dependency_total'],
  ['counter', 'webhook_executions_total', 'trigger outcome'],
  ['counter', 'webhook_attempts_total', 'trigger outcome'],
  ['counter', 'webhook_idempotent_skips_total', 'trigger'],
  ['counter', 'webhook_idempotent_conflicts_total'],
  ['counter', 'tasks_blocked_by_concurrency_total'],
  ['counter', 'worker_loop_iterations_total', 'loop'],
  ['counter', 'slow_queries_total', 'query'],
  ['counter', 'tasks_db_save_failures_total'],
  ['counter', 'batch_update_failures_total'],
  ['counter', 'circuit_breaker_state_transitions_total', 'to_state'],
  ['counter', 'circuit_breaker_rejections_total'],
  ['gauge', 'tasks_by_status', 'status'],
  ['gauge', 'running_tasks_by_kind', 'kind'],
  ['gauge', 'db_pool_connections', 'state'],
  ['histogram', 'webhook_duration_seconds', 'trigger'],
  ['histogram', 'task_duration_seconds', 'kind outcome'],
  ['histogram', 'task_wait_seconds', 'kind'],
  ['histogram', 'worker_loop_duration_seconds', 'loop'],
  ['histogram', 'tasks_processed_per_loop', 'loop'],
  ['histogram', 'db_query_duration_seconds', 'query'],
  ['counter', 'webhook_delivery_success_total'],
  ['counter', 'webhook_delivery_retries_total'],
  ['histogram', 'webhook_delivery_lag_seconds'],
  ['counter', 'batch_update_events_total'],
  ['counter', 'tasks_deduped_total'],
  ['histogram', 'batch_insert_tasks'],
  ['counter', 'batches_completed_total'],
  ['counter', 'process_cpu_seconds_total'],
  ['gauge', 'process_resident_memory_bytes'],
  ['gauge', 'nodejs_eventloop_lag_seconds'],
])('%s %s{%s}', async (type, name, labels = '') => {
  const { registry } = createMetrics();
  const metric = registry.getSingleMetric(name) as unknown as { labelNames: string[] };
  expect([...metric.labelNames].join(' ')).toBe(labels);
  expect(await registry.metrics()).toContain(`# TYPE ${name} ${type}\n`);
});

// proves: metrics/kinds-bounded
test('kinds beyond the first 200 share a label', () => {
  const { kindLabel } = createMetrics();
  const labels = new Set(Array.from({ length: 10_000 }, (_, n) => kindLabel(`kind ${n}`)));
  expect(labels.size).toBe(201);
  expect(kindLabel('kind 199')).toBe('kind 199');
  expect(kindLabel('kind 200')).toBe('other');
});

// proves: metrics/from-the-start
test('what must stay 0 is there before it happens, so that its first increase is seen', async () => {
  const text = await createMetrics().registry.metrics();
  for (const series of [
    'lost_doorbells_total{queue="start"}',
    'places_mended_total{what="drifted"}',
    'circuit_breaker_state_transitions_total{to_state="open"}',
    'body_refusals_total{reason="no_room"}',
  ])
    expect(text).toContain(`${series} 0`);
});

// proves: metrics/sampled-once
test('the gauges of the fleet are shown by the process that samples, and by no other', async () => {
  const { registry, tasksByStatus, workersAlive, forgetFleet } = createMetrics();
  const shown = async () => (await registry.metrics()).match(/^(tasks_by_status|workers_alive).*/gm);
  expect(await shown()).toBeNull();
  tasksByStatus.set({ status: 'Running' }, 2);
  workersAlive.set(1);
  expect(await shown()).toEqual(['tasks_by_status{status="Running"} 2', 'workers_alive 1']);
  forgetFleet();
  expect(await shown()).toBeNull();
});

// proves: metrics/buckets
test('histograms of times reach from a millisecond to minutes', () => {
  const histograms = createMetrics()
    .registry.getMetricsAsArray()
    .filter((metric) => metric instanceof Histogram && /^(?!nodejs_).*_seconds$/.test(metric.name))
    .map((metric) => metric as unknown as { name: string; upperBounds: number[] });
  expect(histograms.length).toBeGreaterThan(5);
  for (const { name, upperBounds } of histograms) {
    expect([name, upperBounds[0]]).toEqual([name, 0.001]);
    expect([name, upperBounds.at(-1)! >= 60]).toEqual([name, true]);
    expect(upperBounds).toEqual(upperBounds.toSorted((a, b) => a - b));
  }
});

// proves: metrics/slow-queries-total, metrics/db-query-duration-seconds
test('a statement is slow when it takes longer than the threshold', async () => {
  const { registry, observeQuery } = createMetrics();
  expect(observeQuery('task', 100, 100)).toBe(false);
  expect(observeQuery('task', 101, 100)).toBe(true);
  const text = await registry.metrics();
  expect(text).toMatch(/^slow_queries_total\{query="task"\} 1$/m);
  expect(text).toMatch(/^db_query_duration_seconds_count\{query="task"\} 2$/m);
});
