import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type NewTask, type Rule, type Task, webhook } from '@arcrun/client';
import type { Stack } from '../../harness/stack.ts';
import { Clients } from './clients.ts';
import type { CreatedBatch, History, Notice, StartCall } from './history.ts';
import {
  BACKOFF_SECS,
  CAPACITY_OF_TENANT,
  LIMIT_OF_TENANT,
  MAX_ATTEMPTS,
  type PlannedBatch,
  type PlannedTask,
} from './plan.ts';

const LOOK_MS = 25;

/**
 * Clients that create batches, receivers that carry their tasks out, and everything that is seen of it. It goes on,
 * whatever is done to the system, and stops when it is told to.
 */
export class Workload {
  readonly clients: Clients;
  readonly #stack: Stack;
  readonly #batches: CreatedBatch[] = [];
  readonly #starts: StartCall[] = [];
  readonly #notices: Notice[] = [];
  readonly #plans = new Map<string, PlannedTask>();
  readonly #begun = new Set<string>();
  readonly #work = new Set<Promise<void>>();
  readonly #over = new AbortController();
  #creating = 0;

  /** @param apiUrls where clients find the API; the stack's own processes if not said */
  constructor(stack: Stack, apiUrls = () => stack.apis.map(({ url }) => url)) {
    this.#stack = stack;
    this.clients = new Clients(apiUrls);
    stack.receiver.behave((call) => {
      const arrivedMs = performance.now();
      const key = String(call.headers['idempotency-key']);
      if (call.trigger !== 'start') {
        const subjectId = (call.taskId ?? call.batchId)!;
        this.#notices.push({ subjectId, trigger: call.trigger, key, arrivedMs });
        return;
      }
      const attempt = Number(call.headers['x-task-attempt']);
      this.#starts.push({ taskId: call.taskId!, claim: call.claim!, attempt, key, arrivedMs });
      const { pathname } = new URL(call.target, 'http://receiver');
      this.#begin(() => this.#carryOut(call.taskId!, attempt, pathname));
    });
  }

  get history(): History {
    const { attempts } = this.clients;
    return { batches: this.#batches, starts: this.#starts, notices: this.#notices, attempts };
  }

  /** Creates batches one after another, with pauses, until it is stopped. */
  create(plans: Iterable<PlannedBatch>, pauseMs: number): void {
    this.#creating++;
    this.#begin(async () => {
      for (const plan of plans) {
        if (this.#over.signal.aborted) break;
        await this.#createOne(plan);
        await delay(pauseMs);
      }
      this.#creating--;
    });
  }

  /** Creates no more; what is there goes on. */
  stopCreating(): void {
    this.#over.abort();
  }

  /**
   * Waits until all tasks of all batches have ended, every report was answered and every notification has arrived.
   *
   * @throws with what is left, when it takes too long
   */
  async untilEnded(limitMs: number): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (performance.now() < deadlineMs) {
      if (this.#creating === 0 && this.#work.size === 0 && (await this.#countUnfinished()) === 0) return;
      await delay(LOOK_MS * 4);
    }
    throw new Error(`not all has ended: ${await this.#describeRest()}`);
  }

  async #createOne(plan: PlannedBatch): Promise<void> {
    for (const task of plan.tasks) this.#plans.set(`${plan.name}/${task.name}`, task);
    const response = await this.clients.untilDone(
      {
        what: 'create',
        subject: plan.name,
        method: 'POST',
        path: '/task',
        body: this.#toNewBatch(plan),
        headers: { 'idempotency-key': randomUUID() },
      },
      // What was begun is carried through, so that it is known what became of it.
      new AbortController().signal,
    );
    if (response === null) return;
    const tasks = (await response.json()) as readonly Task[];
    const id = response.headers.get('x-batch-id')!;
    this.#batches.push({ plan, id, taskIds: new Map(tasks.map((task) => [task.name, task.id])) });
    if (plan.stopAfterMs !== undefined) this.#begin(() => this.#stopOne(id, plan.stopAfterMs!));
  }

  async #stopOne(id: string, afterMs: number): Promise<void> {
    await delay(afterMs);
    await this.clients.untilDone(
      { what: 'stop', subject: id, method: 'DELETE', path: `/batch/${id}` },
      new AbortController().signal,
    );
  }

  #toNewBatch({ name, tasks }: PlannedBatch): { tasks: NewTask[]; on_batch_complete: unknown[] } {
    const { url } = this.#stack.receiver;
    return {
      tasks: tasks.map((task) => ({
        id: task.name,
        name: task.name,
        kind: task.kind,
        metadata: { tenant: task.tenant },
        dependencies: task.parents.map((parent) => ({
          id: parent.name,
          requires_success: parent.requiresSuccess,
        })),
        rules: rulesOf(task),
        ...(task.additions > 0 && { expected_count: task.additions }),
        ...(task.failedAttempts !== null && {
          retry: { max_attempts: MAX_ATTEMPTS, backoff_secs: BACKOFF_SECS },
        }),
        on_start: webhook(`${url}/${name}/${task.name}`),
        on_success: [webhook(`${url}/${name}/${task.name}/success`)],
        on_failure: [webhook(`${url}/${name}/${task.name}/failure`)],
      })),
      on_batch_complete: [webhook(`${url}/${name}`)],
    };
  }

  /** The work of an attempt of a task, once, however often it is called. */
  async #carryOut(taskId: string, attempt: number, path: string): Promise<void> {
    const key = `${taskId} ${attempt}`;
    if (this.#begun.has(key)) return;
    this.#begun.add(key);
    const task = this.#plans.get(path.slice(1))!;
    const never = new AbortController().signal;
    const about = {
      subject: taskId,
      attempt,
      path: task.failedAttempts === null ? `/task/${taskId}` : `/task/${taskId}?attempt=${attempt}`,
    };
    const outcome = attempt <= (task.failedAttempts ?? 0) ? 'Failure' : task.outcome;
    const steps = task.additions + 1;
    for (let step = 0; step < task.additions; step++) {
      await delay(task.workMs / steps);
      await this.clients.once({ ...about, what: 'add', method: 'PUT', body: { new_success: 1 } });
    }
    await delay(task.workMs / steps);
    const body = {
      status: outcome,
      ...(outcome === 'Failure' && { failure_reason: 'as planned' }),
    };
    await this.clients.untilDone(
      // A dead end is canceled while it is carried out; of an attempt that is over the answer may have been lost.
      { ...about, what: 'end', method: 'PATCH', body, mayBe: [409] },
      never,
    );
  }

  #begin(run: () => Promise<void>): void {
    const work = run().finally(() => this.#work.delete(work));
    this.#work.add(work);
  }

  /** Tasks, and notifications that are due. */
  async #countUnfinished(): Promise<number> {
    const { db } = this.#stack.database;
    const tasks = await db
      .selectFrom('task_state')
      .select((of) => of.fn.countAll<string>().as('n'))
      .where('status', 'not in', ['Success', 'Failure', 'Canceled'])
      .executeTakeFirstOrThrow();
    const notices = await db
      .selectFrom('delivery')
      .select((of) => of.fn.countAll<string>().as('n'))
      .where('status', '=', 'Pending')
      .executeTakeFirstOrThrow();
    return Number(tasks.n) + Number(notices.n);
  }

  async #describeRest(): Promise<string> {
    const { db } = this.#stack.database;
    const rows = await db
      .selectFrom('task_state')
      .select((of) => ['status', of.fn.countAll<string>().as('n')])
      .groupBy('status')
      .execute();
    const counts = rows.map(({ status, n }) => `${n} ${status}`).join(', ');
    const left = await db
      .selectFrom('delivery')
      .selectAll()
      .where('status', '=', 'Pending')
      .limit(3)
      .execute();
    return `${counts}; notifications ${JSON.stringify(left)}; ${this.#work.size} calls of clients under way; ${this.clients.wrong.join('; ')}`;
  }
}

function rulesOf({ kind, additions }: PlannedTask): Rule[] {
  const matcher = { status: 'Running' as const, kind, fields: ['tenant'] };
  switch (kind) {
    case 'free':
      return [];
    case 'limited':
      return [{ type: 'Concurency', max_concurency: LIMIT_OF_TENANT, matcher }];
    case 'measured':
      return additions === 0 ? [] : [{ type: 'Capacity', max_capacity: CAPACITY_OF_TENANT, matcher }];
  }
}
