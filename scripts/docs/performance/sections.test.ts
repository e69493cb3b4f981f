import { describe, expect, test } from 'vitest';
import { REFERENCE } from '../../../e2e/bench/report/reference.ts';
import { sampleScenario } from '../../../e2e/bench/report/sample-scenario.ts';
import { describeRun } from './describe-run.ts';
import { listScenarios } from './list-scenarios.ts';
import { published } from './published.ts';
import { summarize } from './summarize.ts';

const result = {
  finished_at: '2026-11-27T23:30:00.000Z',
  machine: { cores: 2, processor: 'a | processor', node: 'v24.21.0', load: 0.25, sync_ms: 0.94 },
  met: true,
  scenarios: [
    sampleScenario([1600, 1700, 1650], undefined, {
      scenario: 'lifecycle',
      floors: { got: { per_second: [5000, 6000], cpu_ms: [0.2, 0.1] } },
    }),
    sampleScenario([Number.NaN], { what: 'time', unit: 'ms' }),
  ],
};

test('the page says when, on what and how often was measured', () => {
  const text = describeRun(result);
  expect(text).toContain('27 November 2026, each scenario 3 times');
  expect(text).toContain('2 cores (a | processor)');
  expect(text).toContain('Node 24.21.0.');
  expect(text).not.toContain('busy');
  expect(describeRun({ ...result, machine: { ...result.machine, load: 9 } })).toContain('busy');
});

test('the summary has all bars, and nothing without one', () => {
  const text = summarize(result);
  expect(text).toContain('1 of 1 bars are met.');
  expect(text).toContain('| [lifecycle](#lifecycle) | tasks | ≥ 1,500 tasks/s | **1,650 tasks/s** | met |');
  expect(text).not.toContain('time');
});

describe('a scenario', () => {
  const [lifecycle = '', sample = ''] = listScenarios(result).split('### ').slice(1);

  test('has its load, its plot, its numbers and what they are compared with', () => {
    expect(lifecycle).toContain('Many tasks.');
    expect(lifecycle).toContain('(performance/lifecycle.svg)');
    expect(lifecycle).toContain(
      '| tasks | **1,650 tasks/s** | 1,600 – 1,700 | ≥ 1,500 tasks/s | met | 294 tasks/s | 222 tasks/s |',
    );
    expect(lifecycle).toContain('| got, a POST | **5,500 per s** | 5,000 – 6,000 | 0.15 ms |');
    expect(lifecycle).toContain('Peak memory: API 118 MB, worker 110 MB. HOT updates: 31.0 %');
  });

  test('leaves out the columns and parts that say nothing', () => {
    expect(sample).toContain('| measure | median |\n');
    expect(sample).toContain('| time | **? ms** |');
    expect(sample).not.toMatch(/floor|undefined/);
  });
});

const ofPublished = REFERENCE.filter(({ scenario }) =>
  published().scenarios.some((one) => one.scenario === scenario),
);
test.each(ofPublished)('the figure for $measure of $scenario has a measure with its unit', (figure) => {
  const found = published().scenarios.find(({ scenario }) => scenario === figure.scenario);
  const { measure, unit } = figure;
  expect(found?.outcomes).toContainEqual(expect.objectContaining({ measure, unit }));
});
