import type { NewTask } from '@arcrun/client';
import { clockMs } from '../measure/clock.ts';
import type { System } from '../system/start-system.ts';
import { postTasks, send } from './load.ts';

/** The largest batch that the API takes. */
const BATCH = 10_000;
/** Batches under way at once. */
const CONCURRENCY = 2;

/**
 * Creates many tasks in large batches.
 *
 * @param taskOf makes the one with this number, from 0
 * @returns how long it took, in ms
 */
export async function createMany(
  system: System,
  count: number,
  taskOf: (index: number) => NewTask,
): Promise<number> {
  const beganMs = clockMs();
  for (let created = 0; created < count; created += CONCURRENCY * BATCH) {
    const until = Math.min(created + CONCURRENCY * BATCH, count);
    const requests = [];
    for (let first = created; first < until; first += BATCH) {
      const length = Math.min(BATCH, until - first);
      requests.push(
        postTasks(
          system,
          Array.from({ length }, (_, index) => taskOf(first + index)),
        ),
      );
    }
    await send(system, requests, { concurrency: CONCURRENCY });
  }
  return clockMs() - beganMs;
}
