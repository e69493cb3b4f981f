import type { Start } from './contestant.ts';

/** Which tasks must have begun before which: none, each before the next one, or one before and one after all others. */
export type Order = 'any' | 'one after another' | 'first and last';

/**
 * Makes sure that no number is told of a run that did not do its work.
 *
 * @param starts in the order in which they began
 * @throws unless each of `count` tasks ran exactly once, in the order
 */
export function checkStarts(starts: readonly Start[], count: number, order: Order): void {
  const tasks = starts.map(({ task }) => task);
  const different = new Set(tasks).size;
  if (tasks.length !== count || different !== count) {
    throw new Error(`${count} tasks had to run once each, but ${different} ran ${tasks.length} times in all`);
  }
  const sorted = tasks.toSorted();
  const inPlace = (index: number): boolean => tasks.at(index) === sorted.at(index);
  const places = order === 'any' ? [] : order === 'first and last' ? [0, -1] : tasks.keys();
  for (const place of places) {
    if (!inPlace(place)) throw new Error(`task ${tasks.at(place)} ran in the place of ${sorted.at(place)}`);
  }
}
