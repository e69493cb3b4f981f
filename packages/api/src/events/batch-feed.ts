import { type BatchNews, type Database, findBatchNews } from '@arcrun/database';
import { eventBytes, type EventStream } from './event-stream.ts';

/** Between two looks that follow a bell: no client gets more than four messages a second. */
const LOOK_MIN_MS = 250;
/** Between two looks without a bell, and while bells are rung for the changes of other batches. */
const LOOK_MAX_MS = 1000;

/** Looking takes no more than this part of the time. */
const LOOKING_SHARE = 0.2;

/** The id of the last event: a browser that comes back after it sends it along. */
export const END_EVENT_ID = 'end';

/** How far a client has been told. */
interface Told {
  readonly snapshot: string;
  /** Tasks that will be found again although the client has them, as texts. */
  readonly unsettled: ReadonlySet<string>;
}

interface News {
  readonly messages: readonly Buffer[];
  readonly next: Told;
  readonly isLast: boolean;
}

export interface BatchFeedOptions {
  readonly batchId: string;
  readonly database: Database;
  /** Bounds how many look at the same time. */
  readonly takeTurn: <T>(look: () => Promise<T>) => Promise<T>;
  readonly onError: (error: unknown) => void;
}

/**
 * What those who watch one batch on this process are told. However many they are, the database is looked at once for
 * all; a client that was too slow for a message is told later what has changed since its last one, so nothing is kept
 * for it.
 */
export class BatchFeed {
  readonly #options: BatchFeedOptions;
  /** Null: it has been told nothing yet. */
  readonly #watchers = new Map<EventStream, Told | null>();
  #timer: NodeJS.Timeout | undefined;
  #wantedPauseMs = LOOK_MAX_MS;
  #isLooking = false;
  #lookedAtMs = -Infinity;
  #tookMs = 0;
  #isRung = false;
  #pauseMs = LOOK_MIN_MS;

  constructor(options: BatchFeedOptions) {
    this.#options = options;
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  add(stream: EventStream): void {
    this.#watchers.set(stream, null);
    this.lookSoon();
  }

  remove(stream: EventStream): void {
    this.#watchers.delete(stream);
    if (!this.isWatched) clearTimeout(this.#timer);
  }

  /** Somebody waits for a message. */
  lookSoon(): void {
    this.#plan(LOOK_MIN_MS);
  }

  /** Tasks have changed, of this batch or another. */
  changed(): void {
    this.#isRung = true;
    this.#plan(this.#pauseMs);
  }

  beat(): void {
    for (const stream of this.#watchers.keys()) stream.beat();
  }

  close(): void {
    for (const stream of this.#watchers.keys()) stream.close();
  }

  /** The next look comes that long after the last one, or earlier when that was asked for. */
  #plan(pauseMs: number): void {
    this.#wantedPauseMs = Math.min(this.#wantedPauseMs, pauseMs);
    if (this.#isLooking || !this.isWatched) return;
    const dueMs = this.#lookedAtMs + Math.max(this.#wantedPauseMs, this.#tookMs / LOOKING_SHARE);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, dueMs - performance.now()));
  }

  async #look(): Promise<void> {
    const { takeTurn, onError } = this.#options;
    this.#isLooking = true;
    this.#wantedPauseMs = LOOK_MAX_MS;
    try {
      await takeTurn(async () => {
        const beganMs = performance.now();
        const wasRung = this.#isRung;
        this.#isRung = false;
        const hasNews = await this.#tellAll();
        // Bells in vain are those of other batches.
        this.#pauseMs = wasRung && !hasNews ? Math.min(this.#pauseMs * 2, LOOK_MAX_MS) : LOOK_MIN_MS;
        this.#tookMs = performance.now() - beganMs;
      });
    } catch (error) {
      onError(error);
    }
    this.#lookedAtMs = performance.now();
    this.#isLooking = false;
    this.#plan(LOOK_MAX_MS);
  }

  /**
   * Tells all who can take a message, with one look for all who have been told the same. From then on they count as
   * told by the first of these looks, so that the next is one for all: it may tell some of them again what came between.
   *
   * @returns whether there was news
   */
  async #tellAll(): Promise<boolean> {
    const ready = [...this.#watchers].filter(([stream]) => stream.isReady);
    let hasNews = false;
    let first: Told | undefined;
    for (const [told, watchers] of Map.groupBy(ready, ([, watcherTold]) => watcherTold)) {
      const streams = watchers.map(([stream]) => stream).filter((stream) => this.#watchers.has(stream));
      if (streams.length === 0) continue;
      const news = await this.#find(told);
      first ??= news.next;
      hasNews ||= news.messages.length > 0;
      for (const stream of streams) {
        if (!this.#watchers.has(stream)) continue;
        this.#watchers.set(stream, first);
        for (const message of news.messages) stream.send(message);
        if (news.isLast) stream.end();
      }
    }
    return hasNews;
  }

  async #find(told: Told | null): Promise<News> {
    const { database, batchId } = this.#options;
    const found = await findBatchNews(database.db, batchId, told?.snapshot ?? null);
    if (found === null) return { messages: [], next: { snapshot: '', unsettled: new Set() }, isLast: true };
    return {
      messages: messagesOf(found, told),
      next: { snapshot: found.snapshot, unsettled: new Set(found.unsettled) },
      isLast: found.isFinished,
    };
  }
}

function messagesOf(news: BatchNews, told: Told | null): Buffer[] {
  const tasks = news.isWhole ? news.tasks : news.tasks.filter((task) => told?.unsettled.has(task) !== true);
  const messages: Buffer[] = [];
  if (news.isWhole || tasks.length > 0) {
    const name = news.isWhole ? 'snapshot' : 'tasks';
    messages.push(eventBytes(name, `{"batch":${news.batch},"tasks":[${tasks.join(',')}]}`));
  }
  if (news.isFinished) messages.push(eventBytes('end', `{"batch":${news.batch}}`, END_EVENT_ID));
  return messages;
}
