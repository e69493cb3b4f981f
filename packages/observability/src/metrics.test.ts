import { Counter } from 'prom-client';
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

// proves: metrics/slow-queries-total, metrics/db-query-duration-seconds
test('a statement is slow when it takes longer than the threshold', async () => {
  const { registry, observeQuery } = createMetrics();
  observeQuery('task', 100, 100);
  observeQuery('task', 101, 100);
  const text = await registry.metrics();
  expect(text).toMatch(/^slow_queries_total\{query="task"\} 1$/m);
  expect(text).toMatch(/^db_query_duration_seconds_count\{query="task"\} 2$/m);
});
