import { expect, test } from 'vitest';
import { axisTicks, roundUp, shortNumber } from './scale.ts';

test.each([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 3],
  [7, 8],
  [10, 10],
  [11, 15],
  [21, 25],
  [999, 1000],
  [1001, 1500],
  [24_000, 25_000],
  [34_567, 40_000],
])('the axis of values up to %d ends at %d', (value, end) => {
  expect(roundUp(value)).toBe(end);
});

test('ticks are whole numbers', () => {
  expect(axisTicks(1)).toEqual([0, 1]);
  expect(axisTicks(5)).toEqual([0, 5]);
  expect(axisTicks(20)).toEqual([0, 10, 20]);
});

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1k'],
  [1234, '1.2k'],
  [35_400, '35k'],
  [999_499, '999k'],
  [999_500, '1M'],
  [4_100_000, '4.1M'],
])('%d in few letters is %s', (value, text) => {
  expect(shortNumber(value)).toBe(text);
});
