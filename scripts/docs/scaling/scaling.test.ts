import { describe, expect, test } from 'vitest';
import { sampleScenario } from '../../../e2e/bench/report/sample-scenario.ts';
import { formatBytes } from './format-bytes.ts';
import { readPerTask } from './per-task.ts';
import { projectLoads } from './project-loads.ts';

const [sample] = sampleScenario([1]).outcomes;
const scenario = (name: string, values: Record<string, number>) =>
  sampleScenario([1], undefined, {
    scenario: name,
    outcomes: Object.entries(values).map(([measure, value]) => ({ ...sample!, measure, value })),
  });
const resultOf = (...scenarios: ReturnType<typeof scenario>[]) => ({
  finished_at: '2026-11-27T12:00:00.000Z',
  machine: { cores: 2, processor: '', node: 'v24.0.0', load: 0, sync_ms: 1 },
  met: true,
  scenarios,
});

describe('the loads', () => {
  const result = resultOf(
    scenario('lifecycle', { api: 0.1, worker: 0.2, postgres: 0.3 }),
    scenario('footprint', {
      richApi: 0.2,
      fewRound: 0.02,
      plainWal: 2000,
      plainStored: 1000,
      transactions: 0.1,
    }),
  );
  const table = projectLoads(readPerTask(result));

  test.each([
    ['API, plain / rich', '0.15 / 0.30 cores', '1.50 / 3.00 cores', '15.0 / 30.0 cores', '150 / 300 cores'],
    ['claim rounds of 50 at once, of 1 that can be', '0.030', '0.30', '3.00', '30.0'],
    ['WAL, plain', '3.00 MB/s', '30.0 MB/s', '300 MB/s', '3.00 GB/s'],
    ['stored in a day, plain', '130 GB', '1.30 TB', '13.0 TB', '130 TB'],
    ['transactions/s', '150', '1,500', '15,000', '150,000'],
    ['workers, if receivers take 100 ms', '1', '6', '59', '586'],
  ])('%s', (...cells) => expect(table).toContain(`| ${cells.join(' | ')} |`));

  test('what was not measured is a question mark', () => {
    expect(table).toContain('| Redis | ? cores | ? cores | ? cores | ? cores |');
  });
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [1.5e16, '15.0 PB'],
  [1e19, '10,000 PB'],
  [Number.NaN, '? B'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
