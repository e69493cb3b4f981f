import type { History } from './workload/history.ts';

const WINDOW_MS = 500;
/** The load is random; what is as fast as this share of the usual is at full speed. */
const FULL_SPEED = 0.7;

/**
 * How long after its end a fault still slowed down the starts of tasks: until the first window of half a second with as
 * many as usual. Infinite when there was none.
 */
export function measureRecovery(
  { starts }: History,
  { beganMs, endedMs }: { beganMs: number; endedMs: number },
): number {
  const countFrom = (fromMs: number): number =>
    starts.filter(({ arrivedMs }) => arrivedMs >= fromMs && arrivedMs < fromMs + WINDOW_MS).length;
  const firstMs = starts[0]?.arrivedMs ?? beganMs;
  const before: number[] = [];
  for (let fromMs = firstMs; fromMs + WINDOW_MS <= beganMs; fromMs += WINDOW_MS)
    before.push(countFrom(fromMs));
  const usual = before.toSorted((a, b) => a - b)[Math.floor(before.length / 2)] ?? 0;
  const lastMs = starts.at(-1)?.arrivedMs ?? endedMs;
  for (let fromMs = endedMs; fromMs <= lastMs; fromMs += WINDOW_MS / 5)
    if (countFrom(fromMs) >= usual * FULL_SPEED) return fromMs - endedMs;
  return Number.POSITIVE_INFINITY;
}
