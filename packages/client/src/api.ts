import type { BasicTask, NewBatch, NewTask } from './types.ts';
import type * as api from './types.ts';
import type { TransportOptions } from './transport.ts';
import type { WatchOptions } from './watch-batch.ts';

export interface ClientOptions extends TransportOptions {
  /** Where the API is, `http://localhost:8085` say; a path in it is kept. */
  url: string;
}

/** Each call can be given up with a signal; it then throws the signal's reason. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface CreateOptions extends CallOptions {
  /**
   * 1–255 characters; makes the call repeatable for 24 hours. Without one the client makes one up, so that it can
   * safely call again after a lost answer; `false` sends none, and then a lost answer is an error.
   */
  idempotencyKey?: string | false | undefined;
}

export interface CreatedBatch {
  batchId: string;
  /** In input order; empty when every task was deduplicated or there was none. */
  tasks: BasicTask[];
}

/** The HTTP API; every method throws ArcRunError when the call fails. */
export interface ArcRunClient {
  /** Where the API is, without a slash at the end. */
  readonly url: string;

  /** Creates tasks, all or nothing, from an array of them, a batch object, or the JSON text of either. */
  createBatch(input: readonly NewTask[] | NewBatch | string, options?: CreateOptions): Promise<CreatedBatch>;
  getTask(id: string, options?: CallOptions): Promise<api.Task>;
  /** One page, newest first. */
  listTasks(filter?: api.TaskFilter, options?: CallOptions): Promise<api.BasicTask[]>;
  /** All tasks that match, page after page. */
  eachTask(filter?: api.TaskFilter, options?: CallOptions): AsyncGenerator<api.BasicTask, void>;
  reportSuccess(id: string, changes?: api.TaskChanges, options?: CallOptions): Promise<void>;
  /** A task with attempts left is tried again, unless it says `{ retryable: false }`. */
  reportFailure(
    id: string,
    reason: string,
    changes?: api.FailureChanges,
    options?: CallOptions,
  ): Promise<void>;
  updateTask(id: string, update: api.UpdateTask, options?: CallOptions): Promise<void>;
  /** Adds to the counters; never repeated after an unknown outcome. */
  addProgress(id: string, added: api.Progress, options?: CallOptions): Promise<void>;
  cancelTask(id: string, options?: CallOptions): Promise<void>;
  pauseTask(id: string, options?: CallOptions): Promise<void>;
  resumeTask(id: string, options?: CallOptions): Promise<void>;
  /** Why a task has not started, or what it is doing. */
  explainTask(id: string, options?: CallOptions): Promise<api.Explanation>;

  getBatch(batchId: string, options?: CallOptions): Promise<api.BatchStats>;
  /** One page, newest first. */
  listBatches(filter?: api.BatchFilter, options?: CallOptions): Promise<api.BatchSummary[]>;
  eachBatch(filter?: api.BatchFilter, options?: CallOptions): AsyncGenerator<api.BatchSummary, void>;
  getDag(batchId: string, options?: CallOptions): Promise<api.Dag>;
  stopBatch(batchId: string, options?: CallOptions): Promise<api.StopBatchResult>;
  /**
   * Runs tasks of a finished batch again, in a new batch. Null: nothing is left to run.
   */
  rerunBatch(batchId: string, options?: api.NewRerun & CreateOptions): Promise<CreatedBatch | null>;
  /** What that would run. */
  planRerun(batchId: string, options?: api.NewRerun & CallOptions): Promise<api.RerunPlan>;
  /** Replaces the rules of all unfinished tasks of exactly that kind; `[]` removes them. */
  updateBatchRules(
    batchId: string,
    update: { kind: string; rules: readonly api.Rule[] },
    options?: CallOptions,
  ): Promise<api.UpdateRulesResult>;
  /** How the batch stands and what changes in it, until it has ended. */
  watchBatch(batchId: string, options?: WatchOptions): AsyncGenerator<api.BatchEvent, void>;
  /** Returns when every task of the batch has ended; a paused task holds it. */
  waitForBatch(batchId: string, options?: WatchOptions): Promise<api.BatchStats>;

  /** One page, last updated first. */
  listDeliveries(filter?: api.DeliveryFilter, options?: CallOptions): Promise<api.Delivery[]>;
  eachDelivery(filter?: api.DeliveryFilter, options?: CallOptions): AsyncGenerator<api.Delivery, void>;
  /** Makes one exhausted delivery due again, with fresh attempts. */
  retryDelivery(id: string, options?: CallOptions): Promise<number>;
  /** The same for all that match. Returns how many there were. */
  retryDeliveries(which?: api.RetryDeliveries, options?: CallOptions): Promise<number>;

  getHealth(options?: CallOptions): Promise<api.Health>;
}
