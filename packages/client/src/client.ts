import { ArcRunError } from './error.ts';
import { progressBody } from './handle.ts';
import { createTransport, sleep } from './transport.ts';
import type { Answer, Call, TransportOptions } from './transport.ts';
import type * as api from './types.ts';

export interface ClientOptions extends TransportOptions {
  /** Where the API is, `http://localhost:8085` say; a path in it is kept. */
  url: string;
}

/** Each call can be given up with a signal; it then throws the signal's reason. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface CreateOptions extends CallOptions {
  /** 1–255 characters; makes the call repeatable for 24 hours. */
  idempotencyKey?: string | undefined;
}

export interface WaitOptions extends CallOptions {
  /** Milliseconds between two looks; default 500. */
  pollMs?: number | undefined;
}

export interface CreatedBatch {
  batchId: string;
  /** In input order; empty when every task was deduplicated or there was none. */
  tasks: api.BasicTask[];
}

/** The HTTP API; every method throws ArcRunError when the call fails. */
export interface ArcRunClient {
  /** Creates tasks, all or nothing, from an array of them or a batch object. */
  createBatch(input: readonly api.NewTask[] | api.NewBatch, options?: CreateOptions): Promise<CreatedBatch>;
  getTask(id: string, options?: CallOptions): Promise<api.Task>;
  listTasks(filter?: api.TaskFilter, options?: CallOptions): Promise<api.BasicTask[]>;
  reportSuccess(id: string, changes?: api.TaskChanges, options?: CallOptions): Promise<void>;
  reportFailure(id: string, reason: string, changes?: api.TaskChanges, options?: CallOptions): Promise<void>;
  updateTask(id: string, update: api.UpdateTask, options?: CallOptions): Promise<void>;
  /** Adds to the counters; never repeated after an unknown outcome. */
  addProgress(id: string, added: api.Progress, options?: CallOptions): Promise<void>;
  cancelTask(id: string, options?: CallOptions): Promise<void>;
  pauseTask(id: string, options?: CallOptions): Promise<void>;
  resumeTask(id: string, options?: CallOptions): Promise<void>;
  getBatch(batchId: string, options?: CallOptions): Promise<api.BatchStats>;
  listBatches(filter?: api.BatchFilter, options?: CallOptions): Promise<api.BatchSummary[]>;
  stopBatch(batchId: string, options?: CallOptions): Promise<api.StopBatchResult>;
  /** Replaces the rules of all unfinished tasks of exactly that kind; `[]` removes them. */
  updateBatchRules(
    batchId: string,
    update: { kind: string; rules: readonly api.Rule[] },
    options?: CallOptions,
  ): Promise<api.UpdateRulesResult>;
  getDag(batchId: string, options?: CallOptions): Promise<api.Dag>;
  listDeliveries(filter?: api.DeliveryFilter, options?: CallOptions): Promise<api.Delivery[]>;
  /** Returns when every task of the batch has ended; a paused task holds it. */
  waitForBatch(batchId: string, options?: WaitOptions): Promise<api.BatchStats>;
}

const DEFAULT_POLL_MS = 500;

/** A client of the API at `url`. Starts nothing and holds nothing open. */
export function createClient(options: ClientOptions): ArcRunClient {
  const base = options.url.replace(/\/+$/, '');
  const send = createTransport(options);

  async function call<Body = null>(
    method: Call['method'],
    path: string,
    rest: {
      query?: object | undefined;
      body?: unknown;
      headers?: Record<string, string>;
      repeatable?: boolean;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<Answer<Body>> {
    const { query, repeatable, ...carried } = rest;
    const url = `${base}${path}${queryString(query)}`;
    return send<Body>({ method, url, repeatable: repeatable ?? method === 'GET', ...carried });
  }

  async function get<T>(path: string, callOptions?: CallOptions, query?: object): Promise<T> {
    const answer = await call<T>('GET', path, { query, signal: callOptions?.signal });
    return answer.body;
  }

  async function update(id: string, body: api.UpdateTask, callOptions?: CallOptions): Promise<void> {
    await call('PATCH', `/task/${encodeURIComponent(id)}`, {
      body,
      repeatable: isRepeatable(body),
      signal: callOptions?.signal,
    });
  }

  const getBatch: ArcRunClient['getBatch'] = (batchId, callOptions) =>
    get(`/batch/${encodeURIComponent(batchId)}`, callOptions);

  return {
    async createBatch(input, { idempotencyKey, signal } = {}) {
      const answer = await call<api.BasicTask[] | null>('POST', '/task', {
        body: input,
        headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
        repeatable: idempotencyKey !== undefined,
        signal,
      });
      return readCreated(answer);
    },
    getTask: (id, callOptions) => get(`/task/${encodeURIComponent(id)}`, callOptions),
    listTasks: (filter, callOptions) => get('/task', callOptions, filter),
    reportSuccess: (id, changes, callOptions) => update(id, { ...changes, status: 'Success' }, callOptions),
    reportFailure: (id, reason, changes, callOptions) =>
      update(id, { ...changes, status: 'Failure', failure_reason: reason }, callOptions),
    updateTask: update,
    async addProgress(id, added, callOptions) {
      const path = `/task/${encodeURIComponent(id)}`;
      await call('PUT', path, { body: progressBody(added), signal: callOptions?.signal });
    },
    async cancelTask(id, callOptions) {
      // Not repeated: the second call would be refused, since the task is canceled by then.
      await call('DELETE', `/task/${encodeURIComponent(id)}`, { signal: callOptions?.signal });
    },
    async pauseTask(id, callOptions) {
      await call('PATCH', `/task/pause/${encodeURIComponent(id)}`, { signal: callOptions?.signal });
    },
    async resumeTask(id, callOptions) {
      await call('PATCH', `/task/resume/${encodeURIComponent(id)}`, { signal: callOptions?.signal });
    },
    getBatch,
    listBatches: (filter, callOptions) => get('/batches', callOptions, filter),
    async stopBatch(batchId, callOptions) {
      const path = `/batch/${encodeURIComponent(batchId)}`;
      return (await call<api.StopBatchResult>('DELETE', path, { signal: callOptions?.signal })).body;
    },
    async updateBatchRules(batchId, body, callOptions) {
      const path = `/batch/${encodeURIComponent(batchId)}/rules`;
      const answer = await call<api.UpdateRulesResult>('PATCH', path, {
        body,
        repeatable: true,
        signal: callOptions?.signal,
      });
      return answer.body;
    },
    getDag: (batchId, callOptions) => get(`/dag/${encodeURIComponent(batchId)}`, callOptions),
    listDeliveries: (filter, callOptions) => get('/webhook-deliveries', callOptions, filter),
    async waitForBatch(batchId, { signal, pollMs = DEFAULT_POLL_MS } = {}) {
      for (;;) {
        const stats = await getBatch(batchId, { signal });
        if (countUnfinished(stats.status_counts) === 0) return stats;
        await sleep(pollMs, signal);
      }
    },
  };
}

/** The number of tasks that have not ended. */
export function countUnfinished(counts: api.StatusCounts): number {
  return counts.waiting + counts.pending + counts.claimed + counts.running + counts.paused;
}

/** A repeated end changes nothing; without an end, counters would be added twice. */
function isRepeatable(body: api.UpdateTask): boolean {
  return body.status !== undefined || (body.new_success === undefined && body.new_failures === undefined);
}

function readCreated(answer: Answer<api.BasicTask[] | null>): CreatedBatch {
  const batchId = answer.headers.get('x-batch-id');
  if (batchId === null) {
    throw new ArcRunError(`POST /task answered ${answer.status} without the header X-Batch-ID`, {
      status: answer.status,
      body: answer.body,
    });
  }
  return { batchId, tasks: answer.body ?? [] };
}

/** What is not given is left out; metadata travels as JSON text. */
function queryString(query: object | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    parameters.set(name, typeof value === 'string' && name !== 'metadata' ? value : JSON.stringify(value));
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
