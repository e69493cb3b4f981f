import type { Doorbell } from '@arcrun/queue';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeldBack } from './held-back.ts';

let rung: string[];
let workers: HeldBack[];
/** What each worker's next look finds: which of them hold back tasks, and how many each takes. */
let looks: { heldBack: boolean; taken: number }[];
const doorbell = {
  ring: () => void rung.push('one'),
  ringLater: () => void rung.push('later'),
  ringAll: () => {
    rung.push('all');
    for (const worker of workers) worker.heard();
    for (const [index, worker] of workers.entries()) worker.afterRound(looks[index]!);
  },
} as unknown as Doorbell;
beforeEach(() => {
  vi.useFakeTimers();
  rung = [];
  workers = [1, 2, 3].map(() => new HeldBack(doorbell, 'start'));
  looks = workers.map(() => ({ heldBack: true, taken: 0 }));
});
afterEach(() => {
  vi.useRealTimers();
});

const count = (what: string): number => rung.filter((ring) => ring === what).length;

test('all workers are asked after 100 ms, then less and less often, and at least every second', () => {
  workers[0]!.afterRound({ heldBack: true, taken: 0 });
  expect(rung).toEqual(['later']);
  vi.advanceTimersByTime(74);
  expect(count('all')).toBe(0);
  vi.advanceTimersByTime(52);
  expect(count('all')).toBe(1);
  vi.advanceTimersByTime(30_000);
  expect(count('all')).toBeGreaterThanOrEqual(30);
  expect(count('all')).toBeLessThan(60);
});

test('several workers that hold back ask no more often than one', () => {
  for (const worker of workers) worker.afterRound({ heldBack: true, taken: 0 });
  vi.advanceTimersByTime(30_000);
  expect(count('all')).toBeLessThan(60);
});

test('what is left of what was taken is rung for at once', () => {
  workers[0]!.afterRound({ heldBack: true, taken: 3 });
  expect(rung).toEqual(['one', 'later']);
});

test('when nothing is held back any more, nobody is asked, and what is held back next is asked for soon', () => {
  workers[0]!.afterRound({ heldBack: true, taken: 0 });
  vi.advanceTimersByTime(5000);
  looks = workers.map(() => ({ heldBack: false, taken: 1 }));
  vi.advanceTimersByTime(2000);
  rung = [];
  vi.advanceTimersByTime(60_000);
  expect(rung).toEqual([]);
  workers[0]!.afterRound({ heldBack: true, taken: 0 });
  vi.advanceTimersByTime(126);
  expect(count('all')).toBe(1);
});
