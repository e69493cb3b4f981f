import type { ArcRunClient, CallOptions, ClientOptions, CreatedBatch, CreateOptions } from './api.ts';
import { ArcRunError } from './error.ts';
import { progressBody } from './handle.ts';
import { eachRow } from './paging.ts';
import { createTransport, openStream } from './transport.ts';
import type { Answer, Call } from './transport.ts';
import type * as api from './types.ts';
import { watchBatch } from './watch-batch.ts';
import type { BatchSource } from './watch-batch.ts';

interface CallParts extends CallOptions {
  query?: object | undefined;
  /** Made into JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Default: that of reads. */
  repeatable?: boolean;
}

const id = encodeURIComponent;

/** A client of the API at `url`. Starts nothing and holds nothing open. */
export function createClient(options: ClientOptions): ArcRunClient {
  const base = options.url.replace(/\/+$/, '');
  const send = createTransport(options);

  async function call<Body = null>(
    method: Call['method'],
    path: string,
    { query, repeatable, body, ...rest }: CallParts = {},
  ): Promise<Answer<Body>> {
    return send<Body>({
      method,
      url: `${base}${path}${queryString(query)}`,
      // A string is JSON text already.
      body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
      repeatable: repeatable ?? method === 'GET',
      ...rest,
    });
  }

  async function get<T>(path: string, callOptions?: CallOptions, query?: object): Promise<T> {
    return (await call<T>('GET', path, { query, ...callOptions })).body;
  }

  function create(
    path: string,
    body: unknown,
    { idempotencyKey = crypto.randomUUID(), signal }: CreateOptions = {},
  ): Promise<Answer<api.BasicTask[] | null>> {
    return call('POST', path, {
      body,
      headers: idempotencyKey === false ? {} : { 'idempotency-key': idempotencyKey },
      repeatable: idempotencyKey !== false,
      signal,
    });
  }

  function each<Row>(path: string, filter?: object, callOptions?: CallOptions): AsyncGenerator<Row, void> {
    return eachRow((after) => call<Row[]>('GET', path, { query: { ...filter, after }, ...callOptions }));
  }

  async function update(taskId: string, body: api.UpdateTask, callOptions?: CallOptions): Promise<void> {
    await call('PATCH', `/task/${id(taskId)}`, { body, repeatable: isRepeatable(body), ...callOptions });
  }

  function sourceOf(
    batchId: string,
    look: (callOptions: CallOptions) => ReturnType<BatchSource['look']>,
    signal: AbortSignal | undefined,
  ): BatchSource {
    const url = `${base}/batch/${id(batchId)}/events`;
    return {
      open: (ours) => openStream({ url, accept: 'text/event-stream', signal: ours }, options),
      look: () => look({ signal }),
    };
  }

  const getBatch = (batchId: string, callOptions?: CallOptions): Promise<api.BatchStats> =>
    get(`/batch/${id(batchId)}`, callOptions);
  const getDag = (batchId: string, callOptions?: CallOptions): Promise<api.Dag> =>
    get(`/dag/${id(batchId)}`, callOptions);

  return {
    url: base,
    async createBatch(input, createOptions) {
      return readCreated(await create('/task', input, createOptions));
    },
    getTask: (taskId, callOptions) => get(`/task/${id(taskId)}`, callOptions),
    listTasks: (filter, callOptions) => get('/task', callOptions, filter),
    eachTask: (filter, callOptions) => each('/task', filter, callOptions),
    reportSuccess: (taskId, changes, callOptions) =>
      update(taskId, { ...changes, status: 'Success' }, callOptions),
    reportFailure: (taskId, reason, changes, callOptions) =>
      update(taskId, { ...changes, status: 'Failure', failure_reason: reason }, callOptions),
    updateTask: update,
    async addProgress(taskId, added, callOptions) {
      await call('PUT', `/task/${id(taskId)}`, { body: progressBody(added), ...callOptions });
    },
    async cancelTask(taskId, callOptions) {
      // Not repeated: the second call would be refused, since the task is canceled by then.
      await call('DELETE', `/task/${id(taskId)}`, callOptions);
    },
    async pauseTask(taskId, callOptions) {
      await call('PATCH', `/task/pause/${id(taskId)}`, callOptions);
    },
    async resumeTask(taskId, callOptions) {
      await call('PATCH', `/task/resume/${id(taskId)}`, callOptions);
    },
    explainTask: (taskId, callOptions) => get(`/task/${id(taskId)}/explain`, callOptions),

    getBatch,
    listBatches: (filter, callOptions) => get('/batches', callOptions, filter),
    eachBatch: (filter, callOptions) => each('/batches', filter, callOptions),
    getDag,
    async stopBatch(batchId, callOptions) {
      return (await call<api.StopBatchResult>('DELETE', `/batch/${id(batchId)}`, callOptions)).body;
    },
    async updateBatchRules(batchId, body, callOptions) {
      const parts = { body, repeatable: true, ...callOptions };
      return (await call<api.UpdateRulesResult>('PATCH', `/batch/${id(batchId)}/rules`, parts)).body;
    },
    async rerunBatch(batchId, { only, ...createOptions } = {}) {
      const answer = await create(`/batch/${id(batchId)}/rerun`, { only }, createOptions);
      return answer.status === 204 ? null : readCreated(answer);
    },
    async planRerun(batchId, { only, ...callOptions } = {}) {
      const parts = { body: { only, dry_run: true }, repeatable: true, ...callOptions };
      return (await call<api.RerunPlan>('POST', `/batch/${id(batchId)}/rerun`, parts)).body;
    },
    watchBatch(batchId, watchOptions = {}) {
      const look = async (callOptions: CallOptions) => {
        const batch = await getBatch(batchId, callOptions);
        return { batch, tasks: (await getDag(batchId, callOptions)).tasks };
      };
      return watchBatch(sourceOf(batchId, look, watchOptions.signal), watchOptions);
    },
    async waitForBatch(batchId, watchOptions = {}) {
      const look = async (callOptions: CallOptions) => ({
        batch: await getBatch(batchId, callOptions),
        tasks: [],
      });
      for await (const event of watchBatch(sourceOf(batchId, look, watchOptions.signal), watchOptions)) {
        if (event.type === 'end') return event.batch;
      }
      throw new Error('a batch is watched until it has ended');
    },

    listDeliveries: (filter, callOptions) => get('/webhook-deliveries', callOptions, filter),
    eachDelivery: (filter, callOptions) => each('/webhook-deliveries', filter, callOptions),
    async retryDelivery(deliveryId, callOptions) {
      const path = `/webhook-deliveries/${id(deliveryId)}/retry`;
      return (await call<{ retried: number }>('POST', path, callOptions)).body.retried;
    },
    async retryDeliveries(which = {}, callOptions) {
      const parts = { body: which, repeatable: true, ...callOptions };
      return (await call<{ retried: number }>('POST', '/webhook-deliveries/retry', parts)).body.retried;
    },

    getHealth: (callOptions) => get('/health', callOptions),
  };
}

/**
 * A repeated end changes nothing; without an end, counters would be added twice. A failure may have begun the next
 * attempt, which the second report would end.
 */
function isRepeatable({ status, retryable, new_success, new_failures }: api.UpdateTask): boolean {
  if (status === 'Failure') return retryable === false;
  return status !== undefined || (new_success === undefined && new_failures === undefined);
}

function readCreated(answer: Answer<api.BasicTask[] | null>): CreatedBatch {
  const batchId = answer.headers.get('x-batch-id');
  if (batchId === null) {
    throw new ArcRunError(`The API answered ${answer.status} without the header X-Batch-ID`, {
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
