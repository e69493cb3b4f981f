import { setTimeout as delay } from 'node:timers/promises';
import { classifyFailure } from '@arcrun/database';

const PAUSE_MS = 250;

/**
 * Writes down how a call went, again and again while Postgres cannot be reached: what is not recorded would be asked
 * for once more.
 *
 * @param limitMs after so long it is given up; never by default
 * @throws when Postgres refuses it, or after that
 */
export async function untilRecorded<T>(write: () => Promise<T>, limitMs = Infinity): Promise<T> {
  const beganMs = performance.now();
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (classifyFailure(error) === 'query' || performance.now() - beganMs > limitMs) throw error;
    }
    await delay(PAUSE_MS);
  }
}
