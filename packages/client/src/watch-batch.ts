import { ArcRunError } from './error.ts';
import { readEventStream } from './event-stream.ts';
import { sleep } from './transport.ts';
import type { BasicTask, BatchEvent, BatchStats, StatusCounts } from './types.ts';

/** Where the state of a batch comes from. */
export interface BatchSource {
  /** Opens `GET /batch/{id}/events`; throws ArcRunError. */
  open(signal: AbortSignal): Promise<Response>;
  /** Reads the state with plain calls; throws ArcRunError. */
  look(): Promise<{ batch: BatchStats; tasks: BasicTask[] }>;
}

export interface WatchOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds between two looks where events do not come through; default 500. */
  pollMs?: number | undefined;
  /** How long a server that gives no answer, or a 5xx, is asked again; default 60,000. */
  patienceMs?: number | undefined;
  /** Told of each look that got no answer and is made again. */
  onNoAnswer?: ((error: ArcRunError) => void) | undefined;
}

const DEFAULT_POLL_MS = 500;
const DEFAULT_PATIENCE_MS = 60_000;
/** A stream that does not begin within this time is held back by something on the way. */
const FIRST_EVENT_MS = 10_000;
/** A connection on which nothing comes for so long, not even a comment, is taken for dead. */
const SILENCE_MS = 45_000;
/** After so many streams in a row that brought nothing, plain looks do for a while. */
const FRUITLESS_STREAMS = 3;
const STREAM_PAUSE_MS = 30_000;

/**
 * The state of a batch and its changes until it has ended: from the events of the server while they come through,
 * from plain looks (each that differs is a snapshot) where they are cut off or not there.
 * @throws ArcRunError for an unknown batch, a token that is refused, a server that stays away
 */
export async function* watchBatch(
  source: BatchSource,
  options: WatchOptions = {},
): AsyncGenerator<BatchEvent, void> {
  const { signal, pollMs = DEFAULT_POLL_MS } = options;
  let fruitless = 0;
  let streamAgainAtMs = 0;
  let lastSeen = '';
  for (;;) {
    if (performance.now() >= streamAgainAtMs) {
      fruitless += 1;
      try {
        for await (const event of streamEvents(source, signal)) {
          fruitless = 0;
          lastSeen = '';
          yield event;
          if (event.type === 'end') return;
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (hasNoEvents(error)) streamAgainAtMs = Infinity;
        else if (isRefusal(error)) throw error;
      }
      if (fruitless >= FRUITLESS_STREAMS) {
        fruitless = 0;
        streamAgainAtMs = Math.max(streamAgainAtMs, performance.now() + STREAM_PAUSE_MS);
      }
    }
    const seen = await lookPatiently(source, options);
    const text = JSON.stringify(seen);
    if (text !== lastSeen) yield { type: 'snapshot', ...seen };
    lastSeen = text;
    if (countUnfinished(seen.batch.status_counts) === 0) {
      yield { type: 'end', batch: seen.batch };
      return;
    }
    await sleep(pollMs, signal);
  }
}

/** The number of tasks that have not ended. */
export function countUnfinished(counts: StatusCounts): number {
  return counts.waiting + counts.pending + counts.claimed + counts.running + counts.paused;
}

/** One connection, as long as it lives. Ends quietly when the server or the silence ends it. */
async function* streamEvents(
  source: BatchSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<BatchEvent, void> {
  const silence = new AbortController();
  const giveUp = (): void => silence.abort();
  let timer = setTimeout(giveUp, FIRST_EVENT_MS);
  const onLife = (): void => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, SILENCE_MS);
  };
  try {
    const own = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]);
    const response = await source.open(own);
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
    if (response.body === null || !isStream) throw new NoEventsError();
    for await (const { type, data } of readEventStream(response.body, onLife)) {
      if (type === 'snapshot' || type === 'tasks' || type === 'end') {
        const content: { batch: BatchStats; tasks: BasicTask[] } = JSON.parse(data);
        yield type === 'end' ? { type, batch: content.batch } : { type, ...content };
      }
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** The answer is no stream of events, though it is a success. */
class NoEventsError extends Error {}

/** A server without events. An unknown batch is told apart by the look that follows. */
function hasNoEvents(error: unknown): boolean {
  if (error instanceof NoEventsError) return true;
  return error instanceof ArcRunError && [404, 405, 406, 501].includes(error.status);
}

function isRefusal(error: unknown): boolean {
  return error instanceof ArcRunError && error.status >= 400 && error.status < 500 && error.status !== 429;
}

async function lookPatiently(
  source: BatchSource,
  { signal, onNoAnswer, pollMs = DEFAULT_POLL_MS, patienceMs = DEFAULT_PATIENCE_MS }: WatchOptions,
): Promise<{ batch: BatchStats; tasks: BasicTask[] }> {
  const giveUpAtMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await source.look();
    } catch (error) {
      signal?.throwIfAborted();
      const isAway = error instanceof ArcRunError && (error.status === 0 || error.status >= 500);
      if (!isAway || performance.now() >= giveUpAtMs) throw error;
      onNoAnswer?.(error);
      await sleep(pollMs, signal);
    }
  }
}
