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
