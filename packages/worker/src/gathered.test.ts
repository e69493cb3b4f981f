import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Gathered } from './gathered.ts';

let told: number;
let gathered: Gathered;

beforeEach(() => {
  vi.useFakeTimers();
  told = 0;
  gathered = new Gathered(3, 5, () => told++);
});
afterEach(() => {
  vi.useRealTimers();
});

test('what is enough is told at once, and once', () => {
  for (let count = 0; count < 6; count++) gathered.add();
  expect(told).toBe(2);
  vi.advanceTimersByTime(100);
  expect(told).toBe(2);
});

test('what is less is told when the moment is over, counted from the first', () => {
  gathered.add();
  vi.advanceTimersByTime(4);
  gathered.add();
  expect([told, gathered.isGathering]).toEqual([0, true]);
  vi.advanceTimersByTime(1);
  expect([told, gathered.isGathering]).toEqual([1, false]);
  vi.advanceTimersByTime(100);
  expect(told).toBe(1);
});
