import { expect, test } from 'vitest';
import { type DedupeCandidate, findDuplicates } from './dedupe.ts';

const candidate = (rest: Partial<DedupeCandidate>): DedupeCandidate => ({
  looks: [],
  own: [],
  parents: [],
  ...rest,
});
const look = (key: string, status: 'Pending' | 'Waiting' = 'Pending', isTaken = false) => ({
  key,
  status,
  isTaken,
});
const duplicatesOf = (...candidates: DedupeCandidate[]) => [...findDuplicates(candidates)];

// proves: rules/dedupe
test('what is there already is a duplicate, and nothing else is', () => {
  expect(duplicatesOf(candidate({ looks: [look('k', 'Pending', true)] }), candidate({}))).toEqual([0]);
});

// proves: rules/dedupe-any
test('any matcher will do', () => {
  expect(duplicatesOf(candidate({ looks: [look('j'), look('k', 'Waiting', true)] }))).toEqual([0]);
});

// proves: rules/dedupe-same-request
test('an earlier one of the same request counts, a later one does not', () => {
  const first = candidate({ looks: [look('k')], own: ['k'] });
  expect(duplicatesOf(first, first, first)).toEqual([1, 2]);
  expect(duplicatesOf(candidate({ looks: [look('k')] }), candidate({ own: ['k'] }))).toEqual([]);
});

test('an earlier one that is a duplicate itself does not count', () => {
  const gone = candidate({ looks: [look('x', 'Pending', true)], own: ['k'] });
  expect(duplicatesOf(gone, candidate({ looks: [look('k')], own: ['k'] }))).toEqual([0]);
});

test('an earlier one that depends on another counts as Waiting', () => {
  const parent = candidate({});
  const child = candidate({ own: ['k'], parents: [0] });
  expect(duplicatesOf(parent, child, candidate({ looks: [look('k')] }))).toEqual([]);
  expect(duplicatesOf(parent, child, candidate({ looks: [look('k', 'Waiting')] }))).toEqual([2]);
});

test('one that depends on duplicates alone counts as Pending', () => {
  const parent = candidate({ looks: [look('x', 'Pending', true)] });
  const child = candidate({ own: ['k'], parents: [0] });
  expect(duplicatesOf(parent, child, candidate({ looks: [look('k')] }))).toEqual([0, 2]);
});
