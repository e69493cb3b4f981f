import type { BatchStats, Dag, Delivery, Task } from '@arcrun/client';
import type { IncomingHttpHeaders } from 'node:http';
import type { Operation, Scenario, TaskRef } from '../scenario/scenario.ts';

// What was seen of a scenario from outside: by its receivers, by its clients, and in the API at the end. Moments
// are milliseconds of the observer's clock; those inside of tasks are the database's.

export interface History {
  readonly scenario: Scenario;
  /** Ids by ref; tasks that were skipped as duplicates have none. */
  readonly taskIds: ReadonlyMap<TaskRef, string>;
  readonly batchIds: ReadonlyMap<string, string>;
  readonly calls: readonly ObservedCall[];
  readonly requests: readonly ObservedRequest[];
  readonly final: FinalState;
  readonly settings: ObservedSettings;
}

export interface ObservedSettings {
  readonly hostUrl: string;
  /** PROPAGATION_INLINE_LIMIT. */
  readonly inlineLimit: number;
  /** Whether workers were killed, so that claims were handed back and calls were made again. */
  readonly hasCrashes: boolean;
}

/** A webhook call. */
export interface ObservedCall {
  readonly arrivedMs: number;
  /** When the receiver began to answer, or broke off; null while it has not. */
  readonly answeredMs: number | null;
  readonly answer: Reply | null;
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Reply = { readonly status: number; readonly body?: unknown } | 'reset';

/** A call of the API. */
export interface ObservedRequest {
  readonly operation: Operation;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly status: number;
  readonly body: unknown;
}

/** What the API said when all had ended. */
export interface FinalState {
  readonly readMs: number;
  readonly tasks: ReadonlyMap<TaskRef, Task>;
  readonly stats: ReadonlyMap<string, BatchStats>;
  readonly dags: ReadonlyMap<string, Dag>;
  readonly ledger: readonly Delivery[];
}
