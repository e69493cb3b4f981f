import type { Pids } from '../measure/cpu-time.ts';
import type { Servers } from '../system/start-servers.ts';

/** One run of a task, on the machine's clock. */
export interface Start {
  /** Ids grow along the dependencies. */
  readonly task: string;
  readonly atMs: number;
}

/** What happened to independent tasks. */
export interface TasksRun {
  readonly starts: readonly Start[];
  /** Tasks a second, from when the first one was handed over until the end of the last one was stored. */
  readonly perSecond: number;
}

/** One of the systems that are compared. */
export interface Contestant {
  readonly name: string;
  /**
   * Starts it in an empty database and an empty Redis of its own.
   *
   * @param name of the database and the files
   */
  readonly start: (servers: Servers, name: string) => Promise<RunningContestant>;
}

/** Its tasks do nothing. Each run gives the starts in their order, once the end of every task is stored. */
export interface RunningContestant {
  /** The process ids of its parts. */
  readonly pids: () => Pids<string>;
  /** In batches of `BATCH`. */
  readonly runTasks: (count: number) => Promise<TasksRun>;
  readonly runChain: (length: number) => Promise<readonly Start[]>;
  /** One task, then that many, then one. Null where the system has no way to wait for many. */
  readonly runFan: ((width: number) => Promise<readonly Start[]>) | null;
  readonly stop: () => Promise<void>;
}

/** How many independent tasks are handed over at once, and how many batches are under way: as in the lifecycle. */
export const BATCH = 500;
export const CONCURRENCY = 2;
