import type { Delivery } from '@arcrun/client';
import type { IncomingHttpHeaders } from 'node:http';
import type { ObservedSettings, Reply } from './history.ts';

/** What a scenario is driven through: the real system, or the simulated one. */
export interface World {
  readonly settings: ObservedSettings;
  /** Where webhooks go. */
  readonly receiverUrl: string;
  nowMs(): number;
  sleep(ms: number): Promise<void>;
  send(request: ApiRequest): Promise<ApiAnswer>;
  /** Gives every webhook call whose path begins with `prefix` to `handler`. */
  receive(prefix: string, handler: (call: IncomingCall) => Promise<Reply>): void;
  /** How many calls about these tasks and batches are on their way: what was answered may not be recorded yet. */
  countOpenCalls(subjectIds: readonly string[]): Promise<number>;
  /** What the ledger of deliveries says of these tasks and batches, which were created at `since` or later. */
  readLedger(subjectIds: readonly string[], since: string): Promise<Delivery[]>;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly batchId: string | null;
}

export interface IncomingCall {
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
