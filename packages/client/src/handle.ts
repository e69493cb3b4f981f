import { createTransport } from './transport.ts';
import type { TransportOptions } from './transport.ts';
import type { Progress, TaskChanges } from './types.ts';

/** What a receiver does with the `handle` that came with a call. */
export interface Handle {
  /** Reports the end. Throws ArcRunError with status 409 when the task has ended otherwise. */
  success(changes?: TaskChanges): Promise<void>;
  fail(reason: string, changes?: TaskChanges): Promise<void>;
  /** Adds to the counters; keeps the task from timing out. */
  progress(added: Progress): Promise<void>;
}

/** Wraps the callback URL of a task, exactly as it came in the query parameter `handle`. */
export function handle(url: string, options: TransportOptions = {}): Handle {
  const send = createTransport(options);
  const end = async (body: object, changes: TaskChanges | undefined): Promise<void> => {
    // The second report of the same end changes nothing, counters included.
    await send({ method: 'PATCH', url, body: { ...changes, ...body }, repeatable: true });
  };
  return {
    success: (changes) => end({ status: 'Success' }, changes),
    fail: (reason, changes) => end({ status: 'Failure', failure_reason: reason }, changes),
    progress: async (added) => {
      await send({ method: 'PUT', url, body: progressBody(added), repeatable: false });
    },
  };
}

export function progressBody(added: Progress): { new_success: number; new_failures: number } {
  return { new_success: added.success ?? 0, new_failures: added.failures ?? 0 };
}
