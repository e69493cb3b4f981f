import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { releaseMemoryAtRest } from './release-memory.ts';

/** In a scope of its own, so that nothing but the reference knows of it. */
const garbage = (): WeakRef<object> => new WeakRef({ much: Array.from({ length: 1000 }, () => ({})) });

/** A process at rest asks for no memory, so nothing is collected by itself. */
async function isCollected(withinMs: number): Promise<boolean> {
  const reference = garbage();
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += 100) {
    await delay(100);
    if (reference.deref() === undefined) return true;
  }
  return false;
}

test('what is left from work is released at rest, and what rest leaves is not', async () => {
  onTestFinished(releaseMemoryAtRest({ periodMs: 1000, worthMs: 1 }));
  expect(await isCollected(15_000)).toBe(true);
  expect(await isCollected(3000)).toBe(false);
});

test('without work nothing is done', async () => {
  onTestFinished(releaseMemoryAtRest({ periodMs: 200, worthMs: Infinity }));
  expect(await isCollected(1500)).toBe(false);
});
