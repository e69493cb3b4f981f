import type { Doorbell } from './doorbell.ts';
import { within } from './within.ts';

const SCHEDULE_LIMIT_MS = 1000;

/**
 * Puts the periodic bell of the timeout queue (back) into Redis. It lives there, so it is gone when Redis is
 * flushed; workers call this on a timer of their own.
 *
 * @throws while Redis does not answer
 */
export async function scheduleSweeps(doorbell: Doorbell, periodMs: number): Promise<void> {
  const queue = doorbell.queue('timeout');
  await within(SCHEDULE_LIMIT_MS, queue.upsertJobScheduler('sweep', { every: periodMs }, { name: 'sweep' }));
}
