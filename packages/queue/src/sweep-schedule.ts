import type { Doorbell } from './doorbell.ts';

/**
 * Puts the periodic bell of the timeout queue (back) into Redis. It lives there, so it is gone when Redis is
 * flushed; workers call this on a timer of their own.
 */
export async function scheduleSweeps(doorbell: Doorbell, periodMs: number): Promise<void> {
  await doorbell.queue('timeout').upsertJobScheduler('sweep', { every: periodMs }, { name: 'sweep' });
}
