import { describe, expect, test } from 'vitest';
import { measureEdges } from './edge-times.ts';
import { FakeTerminal } from './fake-terminal.ts';
import { STEPS } from './pipeline.ts';
import { renderPipeline } from './pipeline-view.ts';
import type { StepView } from './pipeline-view.ts';
import { formatSeconds, openScreen, paint, printable, textTable, themeOf } from '@arcrun/client/terminal';
import type { CallRecord } from '../receiver/records.ts';

const terminal = new FakeTerminal({ isTTY: true }).asStream();
const theme = themeOf(terminal, { NO_COLOR: '1' });

describe('the pipeline on a terminal', () => {
  const waiting = STEPS.map((step): StepView => ({
    name: step.id,
    stage: step.stage,
    status: 'Waiting',
    seconds: null,
    share: null,
    planned: false,
  }));
  const text = (steps: readonly StepView[], columns: number, rows: number): string[] =>
    renderPipeline('demo', { steps, seconds: 3.2, note: null }, { columns, rows, tick: 0, theme }).map(
      (line) => paint(line, columns, false),
    );

  test.each([
    [200, 50],
    [100, 24],
    [79, 24],
    [40, 24],
    [20, 10],
    [5, 3],
    [1, 1],
  ])('fits %i columns and %i rows', (columns, rows) => {
    const lines = text(waiting, columns, rows);
    expect(lines.length).toBeLessThan(Math.max(2, rows));
    expect(lines.every((line) => line.length <= columns)).toBe(true);
  });

  test('every task has its place when there is room, a symbol when there is little', () => {
    const wide = text(waiting, 79, 24).join('\n');
    expect(STEPS.filter((step) => !wide.includes(`· ${step.id}`))).toEqual([]);
    expect(text(waiting, 40, 24).join('\n')).toContain('Verify     ······· 0/7');
  });

  test('states differ without colour', () => {
    const states = [
      'Success',
      'Failure',
      'Canceled',
      'Running',
      'Claimed',
      'Pending',
      'Paused',
      'Waiting',
    ] as const;
    const steps = states.map((status): StepView => ({
      name: 'x',
      stage: status,
      status,
      seconds: null,
      share: null,
      planned: false,
    }));
    const symbols = text(steps, 79, 24).flatMap((line) => /^ {2}\w+ +╶ (\S) x/.exec(line)?.[1] ?? []);
    expect(new Set(symbols).size).toBe(states.length);
  });

  test('a failure on purpose, a time and progress are shown', () => {
    const [first = waiting[0]] = waiting;
    if (first === undefined) throw new Error('no steps');
    const lines = text(
      [
        { ...first, status: 'Failure', planned: true },
        { ...first, status: 'Success', seconds: 1.25 },
        { ...first, status: 'Running', share: 3 / 7 },
      ],
      120,
      24,
    ).join('\n');
    expect(lines).toContain('✖ checkout planned   ✔ checkout    1.3s   ⠋ checkout ━━━────');
    expect(lines).toContain('✖ 1 failed (1 on purpose)   ⠋ 1 running');
    expect(lines).toContain('2/3  3.2s');
  });
});

describe('a screen', () => {
  test('goes back over the rows that a narrower terminal made of the lines', () => {
    const fake = new FakeTerminal({ isTTY: true, columns: 21 });
    const screen = openScreen(fake.asStream(), false);
    screen.draw([[['x'.repeat(30)]], [['short']]]);
    expect(fake.text).toContain(`${'x'.repeat(19)}…`);
    fake.columns = 11;
    fake.text = '';
    screen.draw([[['y']]]);
    // 20 characters take 2 rows of 11 columns, the short line one.
    expect(fake.text).toBe('\u001b[3A\ry\u001b[K\n\u001b[J');
    screen.close();
    screen.close();
    expect(fake.text.endsWith('\u001b[J\u001b[?25h')).toBe(true);
  });
});

describe('text', () => {
  test('is cut in colour too, and lets no sequence through', () => {
    expect(paint([['abc', 'good'], ['def']], 5, true)).toBe('\u001b[32mabc\u001b[0md…');
    expect(paint([['abc'], ['def']], 6, true)).toBe('abcdef');
    expect(printable('a\u001b[2Jb\n')).toBe('a?[2Jb?');
  });

  test('seconds become minutes', () => {
    expect([0, 99.94, 99.96, 3599.6].map(formatSeconds)).toEqual(['0.0s', '99.9s', '1m40s', '60m00s']);
  });

  test('a table has columns as wide as their cells', () => {
    expect(
      textTable(
        ['a', 'n'],
        [
          ['long', '1'],
          ['b', '22'],
        ],
        new Set([1]),
      ),
    ).toEqual(['a      n', '----  --', 'long   1', 'b     22']);
  });
});

describe('the times of edges', () => {
  const record = (task_id: string, startedAtMs: number | null, endedAtMs: number | null): CallRecord => ({
    task_id,
    run: null,
    local_id: null,
    starts: startedAtMs === null ? [] : [{ at_ms: startedAtMs, claim: '1' }],
    end:
      endedAtMs === null
        ? null
        : { outcome: 'Success', sent_at_ms: endedAtMs, tries: 1, answered_at_ms: null, status: null },
  });
  const options = { maxClasses: 2, shorten: (kind: string) => kind.slice(0, 1) };

  test('count from the last parent, with nearest ranks, the worst class first', () => {
    const children = Array.from({ length: 100 }, (_, n) => ({
      taskId: `c${n}`,
      kind: 'child',
      parentIds: ['p', 'q'],
    }));
    const measured = measureEdges(
      [
        { taskId: 'p', kind: 'parent', parentIds: [] },
        { taskId: 'q', kind: 'quick', parentIds: [] },
        ...children,
        { taskId: 'z', kind: 'zip', parentIds: ['q'] },
      ],
      [
        record('p', 0, 1000),
        record('q', 0, 500),
        record('z', 900, null),
        ...children.map((child, n) => record(child.taskId, 1001 + n, null)),
      ],
      options,
    );
    expect(measured).toEqual({
      classes: [
        { label: 'q → z', calls: 1, medianMs: 400, p99Ms: 400, worstMs: 400 },
        { label: 'p → c', calls: 100, medianMs: 50, p99Ms: 99, worstMs: 100 },
      ],
      all: { label: 'all edges', calls: 101, medianMs: 51, p99Ms: 100, worstMs: 400 },
      tooEarly: 0,
      unmeasured: 0,
      calledAgain: 0,
    });
  });

  test('kinds that look alike when shortened stay apart, the rest is summed up', () => {
    const tasks = ['aa', 'ab', 'ac'].map((kind) => ({ taskId: kind, kind, parentIds: ['p'] }));
    const measured = measureEdges(
      [{ taskId: 'p', kind: 'p', parentIds: [] }, ...tasks],
      [record('p', 0, 10), record('aa', 11, null), record('ab', 12, null), record('ac', 13, null)],
      { ...options, maxClasses: 1 },
    );
    expect(measured.classes.map((one) => [one.label, one.calls, one.worstMs])).toEqual([
      ['p → a', 1, 3],
      ['2 other classes', 2, 2],
    ]);
  });

  test('calls that came too early, twice or never are counted', () => {
    const again = record('b', 20, null);
    again.starts.push({ at_ms: 30, claim: '2' });
    const measured = measureEdges(
      [
        { taskId: 'p', kind: 'p', parentIds: [] },
        { taskId: 'a', kind: 'k', parentIds: ['p'] },
        { taskId: 'b', kind: 'k', parentIds: ['p'] },
        { taskId: 'c', kind: 'k', parentIds: ['p'] },
        { taskId: 'd', kind: 'k', parentIds: ['p', 'a'] },
      ],
      [record('p', 0, 10), record('a', 5, null), again, record('d', 40, null)],
      options,
    );
    expect(measured).toMatchObject({ tooEarly: 1, calledAgain: 1, unmeasured: 2 });
    expect(measured.all?.calls).toBe(2);
  });
});
