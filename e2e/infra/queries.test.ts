import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics } from '@arcrun/observability';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import {
  metricsOf,
  PROMETHEUS_FOLDER,
  type Query,
  readAlertRules,
  readDashboard,
  readDashboardQueries,
} from './queries.ts';

const definitions = createMetrics().registry.getMetricsAsArray();
/** Everything that a scrape may bring, and what Prometheus adds. */
const known = new Set([
  'up',
  ...definitions.flatMap(({ name, constructor }) =>
    constructor.name === 'Histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
  ),
]);
const ofRules: Query[] = readAlertRules().map(({ alert, expr }) => ({ from: alert, expr }));
const ofPanels = readDashboardQueries();

test.each([
  [
    'sum by (le, kind) (rate(a_bucket{kind=~"x.*"}[1m])) / on (le) b_total offset 5m',
    ['a_bucket', 'b_total'],
  ],
  ['max(a) == 0 and absent(up{job="b"} == 1) or vector(0)', ['a', 'up']],
  ['topk(10, histogram_quantile(0.95, sum(rate(a[5m])))) > 1e3', ['a']],
])('the metrics of %s', (expr, names) => {
  expect(metricsOf(expr)).toEqual(names);
});

describe.each([
  ['alert', ofRules],
  ['panel', ofPanels],
])('each query of an %s', (_what, queries) => {
  test.each(queries.map((query) => [query.from, query.expr]))(
    'reads metrics that there are: %s',
    (_from, expr) => {
      const names = metricsOf(expr);
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    },
  );
});

test('the dashboard shows every metric of ours', () => {
  const shown = new Set(
    ofPanels.flatMap(({ expr }) => metricsOf(expr)).map((name) => name.replace(/_bucket$/, '')),
  );
  const ours = definitions.map(({ name }) => name).filter((name) => !/^(process|nodejs)_/.test(name));
  expect(ours.filter((name) => !shown.has(name))).toEqual([]);
});

test('panels have ids of their own, and labels that their queries keep', () => {
  const { panels } = readDashboard();
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { title, targets = [] } of panels) {
    for (const { expr, legendFormat } of targets) {
      const labels = Array.from(legendFormat.matchAll(/\{\{(\w+)\}\}/g), ([, label]) => label!);
      const kept = /\b(?:by)\s*\(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/) ?? ['job', 'instance'];
      expect([title, labels.filter((label) => !kept.includes(label))]).toEqual([title, []]);
    }
  }
});

test('panels lie beside each other, not over each other', () => {
  const taken = new Map<string, string>();
  for (const { title, gridPos } of readDashboard().panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect([title, taken.get(`${x}/${y}`)]).toEqual([title, undefined]);
        taken.set(`${x}/${y}`, title);
      }
    }
  }
});

test('each alert has a severity, a name of its own and a test in which it fires', () => {
  const rules = readAlertRules();
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  const { tests } = parse(readFileSync(join(PROMETHEUS_FOLDER, 'alerts-tests.yml'), 'utf8')) as {
    tests: { promql_expr_test: { exp_samples: { labels: string }[] }[] }[];
  };
  const fired = new Set(
    tests
      .flatMap((each) => each.promql_expr_test)
      .flatMap((each) => each.exp_samples)
      .map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1]),
  );
  for (const { alert, labels } of rules) {
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(fired).toContain(alert);
  }
});
