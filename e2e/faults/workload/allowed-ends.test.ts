import { expect, test } from 'vitest';
import { allowedEnds } from './allowed-ends.ts';
import type { PlannedTask } from './plan.ts';

type Outcome = PlannedTask['outcome'];
const aTask = (name: string, outcome: Outcome, ...parents: string[]): PlannedTask => ({
  ...{ name, kind: 'free', tenant: 'north', outcome, workMs: 1, additions: 0 },
  failedAttempts: null,
  parents: parents.map((parent) => ({
    name: parent.replace('?', ''),
    requiresSuccess: !parent.endsWith('?'),
  })),
});
const endsOf = (...tasks: PlannedTask[]) =>
  Object.fromEntries(
    [...allowedEnds({ name: 'batch', tasks })].map(([name, ends]) => [name, [...ends].sort()]),
  );

test('what is not spoiled ends as planned', () => {
  expect(endsOf(aTask('a', 'Success'), aTask('b', 'Failure', 'a'))).toEqual({
    a: ['Success'],
    b: ['Failure'],
  });
});

test('of a batch that is stopped each task may be canceled', () => {
  const tasks = [aTask('a', 'Success'), aTask('b', 'Success', 'a?')];
  const ends = allowedEnds({ name: 'batch', tasks, stopAfterMs: 1 });
  expect(Array.from(ends, ([name, of]) => [name, [...of].toSorted()])).toEqual([
    ['a', ['Canceled', 'Success']],
    ['b', ['Canceled', 'Success']],
  ]);
});

test('a failure spoils what requires it, and nothing else', () => {
  expect(endsOf(aTask('a', 'Failure'), aTask('b', 'Success', 'a'), aTask('c', 'Success', 'a?'))).toEqual({
    a: ['Failure'],
    b: ['Failure'],
    c: ['Success'],
  });
});

test('a task whose only child may fail by another parent may be a dead end', () => {
  expect(endsOf(aTask('a', 'Success'), aTask('b', 'Failure'), aTask('c', 'Success', 'a', 'b'))).toEqual({
    a: ['Canceled', 'Success'],
    // More is allowed than can be: a and c would have to end each other.
    b: ['Canceled', 'Failure'],
    c: ['Failure'],
  });
});
