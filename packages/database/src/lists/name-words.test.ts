import { expect, test } from 'vitest';
import { isWord, toNameWords } from './name-words.ts';

test('the words of names, each with the number of names that have it', () => {
  expect(toNameWords(['extract-orders-001', 'load_orders.002', 'load load 3'])).toBe(
    'extract:1 orders:2 load:2',
  );
});

test('digits and signs part words, and two letters are none', () => {
  expect(toNameWords(['ab12abc3', 'Überweisung-ß', '日本語'])).toBe('abc:1 Überweisung:1 日本語:1');
});

test('there may be none, but not too many', () => {
  expect(toNameWords([])).toBe('');
  expect(toNameWords(['1', '-', ''])).toBe('');
  const letters = Array.from({ length: 26 }, (_, n) => String.fromCodePoint(97 + n));
  const words = letters.flatMap((a) => letters.map((b) => `${a}${b}a`));
  expect(toNameWords(words.slice(0, 375))).toHaveLength(6 * 375 - 1);
  expect(toNameWords(words.slice(0, 376))).toBeNull();
});

test('a text is a word when it could not lie across two of them', () => {
  expect(['orders', 'ord', 'über'].map(isWord)).toEqual([true, true, true]);
  expect(['or', 'orders-', 'orders1', 'a b', '', '%%%'].map(isWord)).toEqual(Array(6).fill(false));
});
