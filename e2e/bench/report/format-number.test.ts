import { expect, test } from 'vitest';
import {
  formatBar,
  formatNumber,
  formatSpread,
  formatValue,
  formatVerdict,
  separateThousands,
} from './format-number.ts';

test.each([
  [34_012.4, '34,012'],
  [294, '294'],
  [12.34, '12.3'],
  [5.031, '5.03'],
  [0.1349, '0.13'],
  [0.02, '0.020'],
  [0, '0'],
  [-0.5, '-0.50'],
  [Number.NaN, '?'],
  [Infinity, '?'],
])('%f is written as %s', (value, text) => expect(formatNumber(value)).toBe(text));

test('a spread leaves out what was not measured, and says nothing of a single value', () => {
  expect(formatSpread([3, Number.NaN, 1, 2])).toBe('1.00 – 3.00');
  expect(formatSpread([3, Number.NaN])).toBe('');
  expect(formatSpread([])).toBe('');
});

test('a bar is written as it was set', () => {
  expect(formatBar({ unit: 'tasks/s', bar: { atLeast: 1500 } })).toBe('≥ 1,500 tasks/s');
  expect(formatBar({ unit: '×', bar: { atMost: 1.15 } })).toBe('≤ 1.15 ×');
  expect(formatBar({ unit: '', bar: { atMost: 10 } })).toBe('≤ 10');
  expect(formatBar({ unit: 'ms' })).toBe('');
});

test.each([
  ['ms', '12.0 ms'],
  ['/s', '12.0/s'],
  ['', '12.0'],
])('a value in "%s" is %s', (unit, text) => expect(formatValue(12, unit)).toBe(text));

test('what has no bar has no verdict', () => {
  expect([true, false, null].map(formatVerdict)).toEqual(['met', 'NOT met', '']);
});

test('long numbers in a text are separated', () => {
  expect(separateThousands('200000 tasks (quick: 20000) of 1500')).toBe(
    '200,000 tasks (quick: 20,000) of 1500',
  );
});
