// What the processes of a peer are asked to do. Nothing here needs the peer's library, which may not be installed.
import type { Start } from './contestant.ts';

/** Each is a file of `e2e/peers/libraries`. */
export type LibraryName = 'pg-boss' | 'graphile-worker' | 'bullmq-redis' | 'bullmq-postgres';

/** What a process of a peer loads, and where it finds its servers. */
export interface Place {
  readonly library: LibraryName;
  readonly postgresUrl: string;
  readonly redisUrl: string;
}

export interface TaskLoad {
  readonly count: number;
  readonly batch: number;
  /** Batches under way at once. */
  readonly concurrency: number;
}

/** Who hands the tasks over. Each answers when they are stored, with the moment at which it began. */
export type ProducerCommands = {
  readonly open: (place: Place) => Promise<void>;
  readonly addTasks: (load: TaskLoad) => Promise<number>;
  readonly addChain: (length: number) => Promise<number>;
  readonly addFan: (width: number) => Promise<number>;
};

/** Who runs them. */
export type WorkerCommands = {
  /** Makes the tables, where there are any. */
  readonly open: (place: Place) => Promise<void>;
  readonly forget: () => void;
  /** Waits for that many runs since it forgot. */
  readonly untilRan: (count: number) => Promise<void>;
  /** Waits until the end of every task is stored; gives the moment at which it was. */
  readonly untilStored: () => Promise<number>;
  /** In the order in which they began. */
  readonly starts: () => readonly Start[];
};
