import type { ArcRunClient, BasicTask, BatchStats } from '@arcrun/client';

interface FollowOptions {
  /** Told of each change, and of a look that got no answer. */
  onChange: (state: BatchState) => void;
  onNoAnswer: () => void;
  /** Where the events of the API are cut off. */
  pollMs: number;
  /** It ends after this long without a change. */
  patienceMs: number;
  signal: AbortSignal;
}

export interface BatchState {
  batch: BatchStats;
  tasks: BasicTask[];
}

/** Follows a batch to its end and returns its last state; null when nothing changed for too long. */
export async function followBatch(
  client: ArcRunClient,
  batchId: string,
  { onChange, onNoAnswer, pollMs, patienceMs, signal }: FollowOptions,
): Promise<BatchState | null> {
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), patienceMs);
  const tasks = new Map<string, BasicTask>();
  try {
    const either = AbortSignal.any([signal, idle.signal]);
    const events = client.watchBatch(batchId, { signal: either, pollMs, patienceMs, onNoAnswer });
    for await (const event of events) {
      timer.refresh();
      if (event.type === 'snapshot') tasks.clear();
      if (event.type !== 'end') for (const task of event.tasks) tasks.set(task.id, task);
      const state = { batch: event.batch, tasks: [...tasks.values()] };
      onChange(state);
      if (event.type === 'end') return state;
    }
    return null;
  } catch (error) {
    signal.throwIfAborted();
    if (idle.signal.aborted) return null;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
