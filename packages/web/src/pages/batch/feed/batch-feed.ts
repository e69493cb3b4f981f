import { getBatch, getDag } from '../../../api/batches.ts';
import { ApiError } from '../../../api/request.ts';
import type { BasicTask, BatchStats, Link } from '../../../api/types.ts';
import { countOpen } from '../../../components/statuses.ts';
import { queryClient } from '../../../queries/query-client.ts';
import { mergeTasks } from './merge-tasks.ts';

/** A batch as it stands. Every change makes a new object; tasks that did not change stay the same. */
export interface BatchView {
  readonly stats: BatchStats;
  /** By their position in the batch. */
  readonly tasks: readonly BasicTask[];
  readonly links: readonly Link[];
}

export interface FeedState {
  readonly view: BatchView | undefined;
  readonly error: unknown;
  /** How news come in: pushed, asked for, or not any more since all have ended. */
  readonly source: 'loading' | 'pushed' | 'polled' | 'ended';
}

interface Snapshot {
  readonly batch: BatchStats;
  readonly tasks: readonly BasicTask[];
}

const POLL_MS = 1000;
const RETRY_MAX_MS = 4000;
/** A large batch takes its time to be read, and is not read without a break. */
const POLL_SHARE = 4;
const CHECK_MS = 10_000;
const FIRST_REOPEN_MS = 5000;
const MAX_REOPEN_MS = 60_000;

/**
 * Follows a batch: reads it once, then takes what the server pushes. Where that is cut off, or not there at all, it asks
 * again and again instead, and tries to be pushed to from time to time.
 */
export class BatchFeed {
  readonly #id: string;
  readonly #listeners = new Set<() => void>();
  readonly #ended = new AbortController();
  #state: FeedState = { view: undefined, error: undefined, source: 'loading' };
  #events: EventSource | undefined;
  #timer: number | undefined;
  #reopenAtMs = 0;
  #reopenMs = FIRST_REOPEN_MS;
  #failures = 0;
  #watch: number | undefined;
  #heardAtMs = 0;

  constructor(id: string) {
    this.#id = id;
    document.addEventListener('visibilitychange', this.#onVisible);
    void this.#read();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): FeedState => this.#state;

  /** Reads the batch now: after an action, or when the user asks for it. What is pushed comes by itself. */
  readonly refresh = (): void => {
    if (this.#state.source === 'pushed') return;
    this.#closeEvents();
    this.#reopenAtMs = 0;
    void this.#read();
  };

  close(): void {
    this.#ended.abort();
    this.#closeEvents();
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#onVisible);
  }

  /** A page that nobody looks at holds no connection: a browser has six of them for all its pages of a server. */
  readonly #onVisible = (): void => {
    const { source } = this.#state;
    if (!document.hidden) {
      if (source === 'polled') void this.#read();
    } else if (source === 'pushed') {
      this.#closeEvents();
      this.#set({ ...this.#state, source: 'polled' });
    }
  };

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    const startedAtMs = performance.now();
    const { signal } = this.#ended;
    try {
      const [stats, dag] = await Promise.all([getBatch(this.#id, signal), getDag(this.#id, signal)]);
      if (signal.aborted) return;
      this.#failures = 0;
      const tasks = mergeTasks(this.#state.view?.tasks ?? [], dag.tasks);
      const links = this.#state.view?.links ?? dag.links;
      this.#show({ stats, tasks, links }, 'polled');
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status < 500) {
        this.#set({ ...this.#state, error });
        return;
      }
      this.#failures++;
      this.#pollIn(Math.min(RETRY_MAX_MS, 500 * 2 ** this.#failures));
      return;
    }
    if (this.#state.source === 'ended') return;
    if (document.hidden) return;
    if (performance.now() >= this.#reopenAtMs) this.#open();
    else this.#pollIn(Math.max(POLL_MS, POLL_SHARE * (performance.now() - startedAtMs)));
  }

  #open(): void {
    this.#closeEvents();
    const events = new EventSource(`batch/${encodeURIComponent(this.#id)}/events`);
    this.#events = events;
    this.#watch = window.setInterval(() => void this.#checkEvents(), CHECK_MS);
    const on = (name: string, take: (message: Snapshot) => void): void => {
      events.addEventListener(name, ({ data }: MessageEvent<string>) => take(JSON.parse(data) as Snapshot));
    };
    on('snapshot', ({ batch, tasks }) => {
      this.#reopenMs = FIRST_REOPEN_MS;
      this.#take(batch, tasks);
    });
    on('tasks', ({ batch, tasks }) => this.#take(batch, tasks));
    on('end', ({ batch }) => {
      this.#closeEvents();
      this.#take(batch, []);
    });
    events.addEventListener('error', () => {
      // The browser would try again by itself, but says neither why it failed nor when it gives up.
      this.#closeEvents();
      this.#reopenAtMs = performance.now() + this.#reopenMs;
      this.#reopenMs = Math.min(MAX_REOPEN_MS, this.#reopenMs * 2);
      if (!this.#ended.signal.aborted) this.#pollIn(POLL_MS);
    });
  }

  #closeEvents(): void {
    this.#events?.close();
    this.#events = undefined;
    clearInterval(this.#watch);
  }

  /** A connection that broke somewhere on its way may look open for ever: so it is asked whether there is news. */
  async #checkEvents(): Promise<void> {
    if (document.hidden) return;
    const heardAtMs = this.#heardAtMs;
    try {
      const stats = await getBatch(this.#id, this.#ended.signal);
      const isOld = JSON.stringify(stats) !== JSON.stringify(this.#state.view?.stats);
      if (!isOld || performance.now() - this.#heardAtMs < CHECK_MS || heardAtMs !== this.#heardAtMs) return;
    } catch {
      // The banner of the shell says it.
      if (this.#ended.signal.aborted) return;
    }
    this.#closeEvents();
    void this.#read();
  }

  #take(stats: BatchStats, tasks: readonly BasicTask[]): void {
    this.#heardAtMs = performance.now();
    const { view } = this.#state;
    if (view !== undefined) this.#show({ ...view, stats, tasks: mergeTasks(view.tasks, tasks) }, 'pushed');
  }

  #show(view: BatchView, source: 'pushed' | 'polled'): void {
    const isEnded = countOpen(view.stats.status_counts) === 0;
    if (isEnded) this.#closeEvents();
    this.#set({ view, error: undefined, source: isEnded ? 'ended' : source });
  }

  #pollIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      // A page that nobody looks at asks for nothing; it goes on when it is seen.
      if (!document.hidden) void this.#read();
    }, ms);
  }

  #set(state: FeedState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** Called by the shell after an action: what it changed is shown at once. */
export function refreshAfterActions(feed: BatchFeed): () => void {
  return queryClient.getMutationCache().subscribe((event) => {
    // What has just ended; each rendering tells of old ones, too.
    const isOver = event.type === 'updated' && ['success', 'error'].includes(event.action.type);
    if (isOver) feed.refresh();
  });
}
