import { expect, test } from 'vitest';
import type { BasicTask } from '../../../api/types.ts';
import { sampleTask } from '../graph/sample-tasks.ts';
import { kindRows, spansOf, ticksOf, wholeSpan } from './timeline-rows.ts';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

const timed = (kind: string, started: number | null, ended: number | null): BasicTask =>
  sampleTask(`${kind} ${started} ${ended}`, {
    kind,
    status: ended === null ? 'Running' : 'Success',
    created_at: at(0),
    started_at: started === null ? null : at(started),
    ended_at: ended === null ? null : at(ended),
  });

test('waiting and running lie one behind the other; what goes on goes on until now', () => {
  expect(spansOf(timed('k', 2, 5), 10_000)).toEqual({
    waiting: { fromMs: 0, toMs: 2000 },
    running: { fromMs: 2000, toMs: 5000 },
  });
  expect(spansOf(timed('k', 2, null), 10_000).running).toEqual({ fromMs: 2000, toMs: 10_000 });
  expect(spansOf(timed('k', null, 4), 10_000)).toEqual({
    waiting: { fromMs: 0, toMs: 4000 },
    running: null,
  });
});

test('kinds stand in the order in which they begin, and are counted over time', () => {
  const tasks = [
    timed('late', 6, 10),
    timed('early', 0, 4),
    timed('early', 2, 4),
    timed('never', null, null),
  ];
  const span = wholeSpan(tasks, 10_000);
  expect(span).toEqual({ fromMs: 0, toMs: 10_000 });
  const rows = kindRows(tasks, span, 5, 10_000);
  expect(rows.map(({ kind }) => kind)).toEqual(['early', 'late', 'never']);
  expect(rows[0]!.running).toEqual([1, 2, 0, 0, 0]);
  expect(rows[0]!.waiting).toEqual([1, 0, 0, 0, 0]);
  expect(rows[1]!.waiting).toEqual([1, 1, 1, 0, 0]);
  expect(rows[1]!.running).toEqual([0, 0, 0, 1, 1]);
  expect(rows[2]!.waiting).toEqual([1, 1, 1, 1, 1]);
});

test('the axis has round times', () => {
  expect(ticksOf({ fromMs: 5, toMs: 9005 }, 6).map(({ text }) => text)).toEqual([
    '+0 s',
    '+2 s',
    '+4 s',
    '+6 s',
    '+8 s',
  ]);
});
