import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BasicTask, BatchStats, NewAction, NewBatch, NewTask, UpdateTask } from '@arcrun/client';

/** How the fake departs from what it should do. */
export interface Faults {
  /** No notification at the end of the batch. */
  silentBatch?: boolean;
  /** The task with this local id fails instead of being called. */
  failing?: string;
  /** Children are called at once, beside their parents. */
  impatient?: boolean;
  /** This many reads are answered 500 first. */
  failedReads?: number;
  /** Refuses the batch. */
  refusal?: { error: string; status: number; details: string[] };
  /** Calls nobody. */
  asleep?: boolean;
}

interface Held {
  given: NewTask;
  shown: BasicTask;
  reason: string | null;
}

/**
 * The part of the API that the demo uses, in memory, for tests of what talks to it.
 * One batch at a time.
 */
export class FakeApi {
  readonly faults: Faults;
  posted: NewBatch | null = null;
  #url = '';
  #batchId = '';
  #tasks = new Map<string, Held>();
  #completed = false;
  #failedReads = 0;
  readonly #server = createServer((request, response) => {
    void this.#answer(request, response);
  });

  constructor(faults: Faults = {}) {
    this.faults = faults;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.#url = `http://127.0.0.1:${address.port}`;
    return this.#url;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const [, kind, id = ''] = (request.url ?? '').split('/');
    const reply = (status: number, body: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
    if (request.method === 'GET' && this.#failedReads < (this.faults.failedReads ?? 0)) {
      this.#failedReads += 1;
      reply(500, { error: 'out of order', status: 500 });
      return;
    }
    const held = this.#tasks.get(id);
    switch (`${request.method} ${kind}`) {
      case 'POST task':
        if (this.faults.refusal) reply(this.faults.refusal.status, this.faults.refusal);
        else reply(201, this.#create(JSON.parse(text)), { 'X-Batch-ID': this.#batchId });
        break;
      case 'GET task':
        reply(200, { ...held?.shown, failure_reason: held?.reason ?? null });
        break;
      case 'PUT task':
        if (held) held.shown.success += 1;
        reply(202, {});
        break;
      case 'PATCH task':
        if (held) this.#report(held, JSON.parse(text));
        reply(200, {});
        break;
      case 'GET batch':
        reply(200, this.#stats());
        break;
      default:
        reply(200, { tasks: [...this.#tasks.values()].map((one) => one.shown), links: [] });
    }
  }

  #create(batch: NewBatch): BasicTask[] {
    this.posted = batch;
    this.#batchId = randomUUID();
    for (const given of batch.tasks) {
      const shown: BasicTask = {
        id: randomUUID(),
        name: given.name,
        kind: given.kind,
        status: 'Waiting',
        created_at: new Date().toISOString(),
        started_at: null,
        success: 0,
        failures: 0,
        expected_count: given.expected_count ?? null,
        ended_at: null,
        batch_id: this.#batchId,
        dead_end_barrier: false,
        priority: 0,
        attempt: 1,
        max_attempts: 1,
        rerun_of: null,
      };
      this.#tasks.set(shown.id, { given, shown, reason: null });
    }
    if (!this.faults.asleep) setImmediate(() => this.#advance());
    return [...this.#tasks.values()].map((one) => one.shown);
  }

  #report(held: Held, update: UpdateTask): void {
    if (update.status !== undefined) this.#end(held, update.status, update.failure_reason ?? null);
    this.#advance();
  }

  #advance(): void {
    const byLocalId = new Map([...this.#tasks.values()].map((one) => [one.given.id, one]));
    for (const held of this.#tasks.values()) {
      if (held.shown.status !== 'Waiting') continue;
      const parents = (held.given.dependencies ?? []).map(({ id, requires_success }) => ({
        requires_success,
        status: byLocalId.get(id)?.shown.status,
      }));
      if (parents.some((one) => one.requires_success && one.status === 'Failure')) {
        this.#end(held, 'Failure', 'Required parent task failed');
        // Its children may stand before it.
        setImmediate(() => this.#advance());
      } else if (
        this.faults.impatient ||
        parents.every((one) => one.status === 'Success' || one.status === 'Failure')
      ) {
        held.shown.status = 'Claimed';
        void this.#start(held);
      }
    }
    if (!this.#completed && [...this.#tasks.values()].every((one) => one.shown.ended_at !== null)) {
      this.#completed = true;
      if (!this.faults.silentBatch) {
        const headers = { 'x-batch-id': this.#batchId, 'x-task-trigger': 'batch_complete' };
        for (const action of this.posted?.on_batch_complete ?? []) void call(action, headers);
      }
    }
  }

  async #start(held: Held): Promise<void> {
    const { id } = held.shown;
    if (held.given.id === this.faults.failing) {
      this.#end(held, 'Failure', 'struck by a fault');
      this.#advance();
      return;
    }
    held.shown.status = 'Running';
    held.shown.started_at = new Date().toISOString();
    await call(
      held.given.on_start,
      { 'x-task-id': id, 'x-task-trigger': 'start', 'idempotency-key': `${id}:start`, 'x-task-claim': '1' },
      `${this.#url}/task/${id}`,
    );
  }

  #end(held: Held, status: 'Success' | 'Failure', reason: string | null): void {
    if (held.shown.ended_at !== null) return;
    Object.assign(held.shown, { status, ended_at: new Date().toISOString() });
    held.reason = reason;
    const actions = status === 'Success' ? held.given.on_success : held.given.on_failure;
    for (const action of actions ?? []) {
      void call(action, { 'x-task-id': held.shown.id, 'x-task-trigger': 'end' });
    }
  }

  #stats(): BatchStats {
    const all = [...this.#tasks.values()].map((one) => one.shown.status);
    const count = (status: string): number => all.filter((one) => one === status).length;
    return {
      batch_id: this.#batchId,
      total_tasks: all.length,
      total_success: 0,
      total_failures: 0,
      total_expected: null,
      status_counts: {
        waiting: count('Waiting'),
        pending: 0,
        claimed: count('Claimed'),
        running: count('Running'),
        success: count('Success'),
        failure: count('Failure'),
        paused: 0,
        canceled: 0,
      },
      rerun_of: null,
      reruns: [],
    };
  }
}

async function call(action: NewAction, headers: Record<string, string>, handle?: string): Promise<void> {
  const url = new URL(action.params.url);
  if (handle !== undefined) url.searchParams.set('handle', handle);
  const { body } = action.params;
  const response = await fetch(url, {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await response.arrayBuffer();
}
