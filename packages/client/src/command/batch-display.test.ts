import { expect, test } from 'vitest';
import { lengthOf, paint, themeOf, widthOf } from '../terminal/index.ts';
import type { BasicTask, BatchStats } from '../types.ts';
import { renderBatch } from './batch-display.ts';

const theme = themeOf(process.stdout, { NO_COLOR: '1' });
const STARTED = '2026-01-31T12:00:00Z';

const running = (name: string, index: number): BasicTask => ({
  id: String(index),
  name,
  kind: 'k',
  status: 'Running',
  created_at: STARTED,
  started_at: STARTED,
  success: 3,
  failures: 1,
  expected_count: 8,
  ended_at: null,
  batch_id: 'b',
  dead_end_barrier: false,
  priority: 0,
  attempt: 1,
  max_attempts: 1,
  rerun_of: null,
});

function drawn(names: readonly string[], columns: number, rows: number): string[] {
  const tasks = new Map(names.map((name, index) => [String(index), running(name, index)]));
  const counts = { waiting: 0, pending: 0, claimed: 0, success: 0, failure: 0, paused: 0, canceled: 0 };
  const batch: BatchStats = {
    batch_id: 'b',
    total_tasks: names.length,
    total_success: 0,
    total_failures: 0,
    total_expected: null,
    status_counts: { ...counts, running: names.length },
    rerun_of: null,
    reruns: [],
  };
  const frame = {
    batchId: 'b',
    batch,
    tasks,
    note: null,
    nowMs: Date.parse(STARTED) + 4_200,
    tick: 0,
    theme,
  };
  return renderBatch({ ...frame, columns, rows }).map((line) => paint(line, columns, false));
}

test('a batch shows its progress, its age, and what is at work', () => {
  const lines = drawn(['compile', 'lint'], 79, 24);
  expect(lines[1]).toMatch(/ 0\/2 {2}4\.2s$/);
  expect(lines.at(-2)).toMatch(/ compile {2}4\/8$/);
});

test.each([
  [79, 24],
  [40, 10],
  [20, 5],
  [5, 3],
])('it fits %i columns and %i rows, however many tasks and whatever their names', (columns, rows) => {
  const names = ['plain', '好'.repeat(200), '👩‍🚀'.repeat(255), 'e\u0301'.repeat(99), 'a\u001b[2J'];
  const lines = drawn(
    Array.from({ length: 10_000 }, (_, n) => names[n % names.length]!),
    columns,
    rows,
  );
  expect(lines.length).toBeLessThan(Math.max(5, rows));
  for (const line of lines) expect(lengthOf([[line]])).toBeLessThanOrEqual(columns);
  // oxlint-disable-next-line no-control-regex -- what would drive the terminal
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/);
});

test.each([
  ['abc', 3],
  ['好', 2],
  ['👍', 2],
  ['e\u0301', 1],
  ['✔', 1],
])('%s takes %i columns', (text, columns) => {
  expect(widthOf(text)).toBe(columns);
});
