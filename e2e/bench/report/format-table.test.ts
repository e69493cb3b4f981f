import { expect, test } from 'vitest';
import { formatTable } from './format-table.ts';
import { sampleScenario } from './sample-scenario.ts';

const floors = { express: { per_second: [13_000, 14_000, 15_000], cpu_ms: [0.06, 0.07, 0.08] } };

test('a measure stands beside its spread, its bar and the verdict, a floor below', () => {
  const table = formatTable([sampleScenario([1600, 1700, 1650], undefined, { floors })]);
  expect(table).toMatch(/^ {2}tasks +1,650 tasks\/s +1,600 – 1,700 +≥ 1,500 tasks\/s +met$/m);
  expect(table).toMatch(
    /^ {2}floor: Express 5, a POST \(0\.070 CPU-ms each\) +14,000 per s +13,000 – 15,000$/m,
  );
  expect(table).toMatch(/^1 of 1 bars are met\.$/m);
});

test('without repetitions there is no column for the spread', () => {
  expect(formatTable([sampleScenario([1600])])).not.toContain('from – to');
});

test('what was missed or not measured is told once more at the end', () => {
  const table = formatTable([
    sampleScenario([1400]),
    sampleScenario([Number.NaN], undefined, { scenario: 'b' }),
  ]);
  expect(table).toContain('0 of 2 bars are met.');
  expect(table).toContain('NOT met: sample: tasks: 1,400 tasks/s, the bar is ≥ 1,500 tasks/s');
  expect(table).toContain('NOT met: b: tasks: ? tasks/s');
});

test('no line is longer than 110 characters, however long the words are', () => {
  const what = 'a measure whose description goes on and on '.repeat(6).trim();
  const measure = { what, unit: 'CPU-ms/task', bar: { atMost: 9999 } };
  const lines = formatTable([sampleScenario([123_456, 234_567], measure)]).split('\n');
  expect(lines.filter((line) => line.length > 110)).toEqual([]);
  expect(lines.join(' ').match(/goes/g)).toHaveLength(2 * 6);
});

test('memory and HOT updates stand below', () => {
  expect(formatTable([sampleScenario([1600])])).toContain(
    '    Peak memory: API 118 MB, worker 110 MB. HOT updates: 31.0 %.',
  );
});
