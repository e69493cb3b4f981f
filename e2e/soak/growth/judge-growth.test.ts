import { expect, test } from 'vitest';
import { findGrowth, tellGrowth } from './judge-growth.ts';

const LIMITS = [{ prefix: 'MB', share: 0.1, amount: 5 }];
const series = (...values: number[]) => values.map((MB) => ({ MB }));

test('what climbs on and on grows, once it is beyond what may be', () => {
  expect(findGrowth(series(100, 104, 108, 112, 116, 120), LIMITS)).toEqual([]);
  expect(findGrowth(series(100, 120, 140, 160, 200, 240), LIMITS)).toEqual([
    'MB grows: at most 160 before, at least 200 after',
  ]);
});

test('what fills up and stays, or goes up and down, does not', () => {
  expect(findGrowth(series(10, 200, 210, 205, 215, 212), LIMITS)).toEqual([]);
  expect(findGrowth(series(100, 100, 200, 90, 220, 95), LIMITS)).toEqual([]);
});

test('a few moments tell nothing, and what has no limit is not judged', () => {
  expect(findGrowth(series(1, 100, 1000), LIMITS)).toEqual([]);
  expect(findGrowth(series(1, 10, 100, 1000, 10_000, 100_000), [])).toEqual([]);
});

test('what could not be measured at times is judged by the other times', () => {
  const moments = [{}, {}, { MB: 10 }, { MB: 10 }, {}, { MB: 50 }];
  expect(findGrowth(moments, LIMITS)).toHaveLength(1);
});

test('it is told by its first, middle and last value', () => {
  expect(
    tellGrowth([
      { MB: 1.25, rows: 0 },
      { MB: 2, rows: 5 },
      { MB: 3, rows: 100 },
    ]),
  ).toBe('MB    1.3  2    3\nrows    0  5  100');
});
