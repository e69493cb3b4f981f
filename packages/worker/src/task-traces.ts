import {
  type Claim,
  type Database,
  findBatchTraces,
  findTracedTasks,
  type LeasedDelivery,
} from '@arcrun/database';
import {
  type Logger,
  type OpenSpan,
  recordClaim,
  recordRun,
  startTaskCall,
  type TracedTask,
  type Tracing,
} from '@arcrun/observability';
import type { WebhookAnswer, WebhookCall } from './webhooks/webhook-client.ts';

export interface TaskTracesOptions {
  readonly tracing: Tracing;
  readonly database: Database;
  readonly logger: Logger;
}

/** The trace that a notification belongs to: of its task, or of its batch. */
type DeliveryTrace = { readonly task: TracedTask } | { readonly batch: { id: string; traceparent: string } };

/**
 * What a worker does, in the traces of the batches that it does it for. What cannot be looked up is not traced; a
 * trace is no reason to fail or to wait for anything but that look-up.
 */
export class TaskTraces {
  readonly #options: TaskTracesOptions;

  constructor(options: TaskTracesOptions) {
    this.#options = options;
  }

  /** The traces of tasks that were claimed just now, by their ids; the claims are recorded. */
  claimed(claims: readonly Claim[]): Promise<ReadonlyMap<string, TracedTask>> {
    return this.#orNothing(async ({ tracing, database }) => {
      const round = tracing.current()?.traceparent;
      const tasks = await findTracedTasks(
        database.db,
        claims.map(({ id }) => id),
      );
      for (const { id, claim } of claims) {
        const task = tasks.get(id);
        if (task !== undefined) recordClaim(tracing, task, { claim, round });
      }
      return tasks;
    });
  }

  /** The traces of notifications, by their ids. */
  delivered(deliveries: readonly LeasedDelivery[]): Promise<ReadonlyMap<string, DeliveryTrace>> {
    return this.#orNothing(async ({ database: { db } }) => {
      const taskIds = deliveries.flatMap(({ taskId }) => taskId ?? []);
      const batchIds = deliveries.flatMap(({ batchId }) => batchId ?? []);
      const [tasks, batches] = await Promise.all([
        taskIds.length === 0 ? new Map<string, TracedTask>() : findTracedTasks(db, taskIds),
        batchIds.length === 0 ? new Map<string, string>() : findBatchTraces(db, batchIds),
      ]);
      const traces = new Map<string, DeliveryTrace>();
      for (const { id, taskId, batchId } of deliveries) {
        const task = taskId === null ? undefined : tasks.get(taskId);
        const traceparent = batchId === null ? undefined : batches.get(batchId);
        if (task !== undefined) traces.set(id, { task });
        else if (traceparent !== undefined) traces.set(id, { batch: { id: batchId!, traceparent } });
      }
      return traces;
    });
  }

  /** Records tasks that this worker ended. */
  async ended(ids: readonly string[]): Promise<void> {
    await this.#orNothing(async ({ tracing, database }) => {
      const round = tracing.current()?.traceparent;
      const tasks = await findTracedTasks(database.db, ids);
      for (const task of tasks.values()) recordRun(tracing, task, round === undefined ? [] : [round]);
      return tasks;
    });
  }

  /** Makes the call of on_start in a span, which the receiver is told of. */
  call(
    task: TracedTask,
    { claim }: Claim,
    call: WebhookCall,
    make: (call: WebhookCall) => Promise<WebhookAnswer>,
  ): Promise<WebhookAnswer> {
    const span = startTaskCall(this.#options.tracing, task, 'on_start', { 'arcrun.claim': claim });
    return this.#callIn(span, call, make);
  }

  /** Makes the call of a notification in a span, which the receiver is told of. */
  deliver(
    trace: DeliveryTrace,
    delivery: LeasedDelivery,
    call: WebhookCall,
    make: (call: WebhookCall) => Promise<WebhookAnswer>,
  ): Promise<WebhookAnswer> {
    const { tracing } = this.#options;
    const attributes = { 'arcrun.delivery_id': delivery.id, 'arcrun.attempt': delivery.attempt };
    const name = nameOf(delivery);
    if ('task' in trace) {
      return this.#callIn(startTaskCall(tracing, trace.task, name, attributes), call, make);
    }
    const span = tracing.start({
      name,
      kind: 'client',
      parent: trace.batch.traceparent,
      attributes: { 'arcrun.batch_id': trace.batch.id, ...attributes },
    });
    return this.#callIn(span, call, make);
  }

  async #callIn(
    span: OpenSpan,
    call: WebhookCall,
    make: (call: WebhookCall) => Promise<WebhookAnswer>,
  ): Promise<WebhookAnswer> {
    // Neither the path nor the query: both may hold secrets.
    const { hostname, port, protocol } = new URL(call.url);
    span.set({
      'http.request.method': call.method,
      'server.address': hostname,
      'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
    });
    const answer = await this.#options.tracing.within(span, () => make(withTraceparent(call, span)));
    if (answer.answered) span.set({ 'http.response.status_code': answer.status });
    if (!answer.answered) span.fail(answer.error);
    else if (answer.status < 200 || answer.status > 299) span.fail(`answered ${answer.status}`);
    span.end();
    return answer;
  }

  async #orNothing<T>(
    find: (options: TaskTracesOptions) => Promise<ReadonlyMap<string, T>>,
  ): Promise<ReadonlyMap<string, T>> {
    try {
      return await find(this.#options);
    } catch (error) {
      this.#options.logger.debug('not traced', { error });
      return new Map();
    }
  }
}

/** A header of that name in the user's action is the user's, and is sent as it was given. */
function withTraceparent(call: WebhookCall, { traceparent }: OpenSpan): WebhookCall {
  return 'traceparent' in call.headers ? call : { ...call, headers: { ...call.headers, traceparent } };
}

function nameOf({ trigger, condition }: LeasedDelivery): string {
  switch (trigger) {
    case 'BatchComplete':
      return 'on_batch_complete';
    case 'Cancel':
      return 'cancel';
    case 'Start':
      return 'on_start';
    case 'End':
      return condition === 'Success' ? 'on_success' : 'on_failure';
  }
}
