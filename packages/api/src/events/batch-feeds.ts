import type { Database } from '@arcrun/database';
import { type Logger, limitRate } from '@arcrun/observability';
import { BroadcastListener } from '@arcrun/queue';
import type { Response } from 'express';
import type { Redis } from 'ioredis';
import { unavailable } from '../http/errors.ts';
import { BatchFeed } from './batch-feed.ts';
import { EventStream } from './event-stream.ts';
import { QueryTurns } from './query-turns.ts';

/** Connections to Postgres that looking for changes may use, so that calls always find one. */
const LOOKS_AT_ONCE = 2;

const HEARTBEAT_MS = 15_000;
const REPORT_PERIOD_MS = 10_000;

/** When a client that found no room may come again. */
const RETRY_AFTER_SECS = 10;

export interface BatchFeedsOptions {
  readonly database: Database;
  readonly redis: Redis;
  readonly maxStreams: number;
  readonly logger: Logger;
}

/** Everybody who watches a batch on this process. */
export class BatchFeeds {
  readonly #options: BatchFeedsOptions;
  readonly #feeds = new Map<string, BatchFeed>();
  readonly #turns = new QueryTurns(LOOKS_AT_ONCE);
  readonly #warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  #openStreams = 0;
  #isStopped = false;
  #listener: BroadcastListener | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(options: BatchFeedsOptions) {
    this.#options = options;
    this.#warn = limitRate((message, fields) => options.logger.warn(message, fields), REPORT_PERIOD_MS);
  }

  /**
   * Answers with the events of a batch, until it has ended or the client goes away.
   *
   * @throws 503 when too many are watching, or the process stops
   */
  watch(batchId: string, response: Response): void {
    if (this.#isStopped) throw unavailable('The server is stopping');
    if (this.#openStreams >= this.#options.maxStreams)
      throw unavailable('Too many streams of events are open', RETRY_AFTER_SECS);
    this.#openStreams++;
    this.#listen();
    const feed = this.#feedOf(batchId);
    const stream = new EventStream(response, {
      onReady: () => feed.lookSoon(),
      onClose: () => {
        this.#openStreams--;
        feed.remove(stream);
        if (!feed.isWatched && this.#feeds.get(batchId) === feed) this.#feeds.delete(batchId);
      },
    });
    feed.add(stream);
  }

  /** Ends all streams; their clients ask another process. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#heartbeat);
    this.#listener?.stop();
    for (const feed of this.#feeds.values()) feed.close();
  }

  #feedOf(batchId: string): BatchFeed {
    const known = this.#feeds.get(batchId);
    if (known !== undefined) return known;
    const feed = new BatchFeed({
      batchId,
      database: this.#options.database,
      takeTurn: (look) => this.#turns.take(look),
      onError: (error) => this.#warn('changes of a batch not read', { batch_id: batchId, error }),
    });
    this.#feeds.set(batchId, feed);
    return feed;
  }

  /** From the first stream on: processes that nobody watches anything on need no bell. */
  #listen(): void {
    if (this.#listener !== undefined) return;
    const { redis } = this.#options;
    this.#listener = new BroadcastListener(redis, 'changed', {
      onMessage: () => {
        for (const feed of this.#feeds.values()) feed.changed();
      },
      onError: (error) => this.#warn('bell of changes not heard', { error }),
    });
    this.#listener.start();
    this.#heartbeat = setInterval(() => {
      for (const feed of this.#feeds.values()) feed.beat();
    }, HEARTBEAT_MS).unref();
  }
}
