import { expect, test } from 'vitest';
import { sampleTask } from '../graph/sample-tasks.ts';
import { mergeTasks } from './merge-tasks.ts';

const known = [sampleTask('a'), sampleTask('b'), sampleTask('c')];

test('what changed is replaced in its place, the rest stays the same object', () => {
  const changed = sampleTask('b', { status: 'Running' });
  const merged = mergeTasks(known, [changed]);
  expect(merged).toEqual([known[0], changed, known[2]]);
  expect(merged[0]).toBe(known[0]);
});

test('nothing new is the same list', () => {
  expect(mergeTasks(known, [sampleTask('a'), sampleTask('c')])).toBe(known);
  expect(mergeTasks(known, [])).toBe(known);
});

test.each([{ success: 1 }, { failures: 1 }, { priority: 1 }, { expected_count: 1 }, { started_at: 'x' }])(
  '%j is a change',
  (change) => {
    expect(mergeTasks(known, [sampleTask('a', change)])[0]).toMatchObject(change);
  },
);

test('the first list is taken as it is', () => {
  expect(mergeTasks([], known)).toBe(known);
});
