import { setTimeout as sleep } from 'node:timers/promises';
import { ArcRunError } from '@arcrun/client';

export interface WatchOptions<T> {
  look: () => Promise<T>;
  /** Told of each look, and of a look that got no answer. */
  onLook: (seen: T) => void;
  onNoAnswer: () => void;
  isDone: (seen: T) => boolean;
  pollMs: number;
  /** The watch ends after this long without a look that differed from the one before, as JSON. */
  patienceMs: number;
  signal: AbortSignal;
}

/**
 * Looks until it is done and returns what it saw last; null when nothing changed for too long.
 * An API that does not answer or is overloaded is asked again: it may be restarting. Other errors are thrown.
 */
export async function watch<T>(options: WatchOptions<T>): Promise<T | null> {
  let last = '';
  let changedAtMs = performance.now();
  while (performance.now() - changedAtMs < options.patienceMs) {
    const seen = await lookOnce(options);
    if (seen === null) {
      options.onNoAnswer();
    } else {
      options.onLook(seen.value);
      if (options.isDone(seen.value)) return seen.value;
      const now = JSON.stringify(seen.value);
      if (now !== last) {
        last = now;
        changedAtMs = performance.now();
      }
    }
    await sleep(options.pollMs, undefined, { signal: options.signal });
  }
  return null;
}

/** Null when there was no answer. */
async function lookOnce<T>({ look, signal }: WatchOptions<T>): Promise<{ value: T } | null> {
  try {
    return { value: await look() };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ArcRunError && (error.status === 0 || error.status >= 500)) return null;
    throw error;
  }
}
