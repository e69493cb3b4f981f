import type { Delivery, NewAction } from '@arcrun/client';
import { enrichBody, TRIGGER_HEADERS } from '@arcrun/domain';
import { setImmediate } from 'node:timers/promises';
import { Chance } from '../scenario/chance.ts';
import type { Reply } from '../run/history.ts';
import { type Notice, ReferenceEngine } from './reference-engine.ts';
import type { ReferenceTask } from './reference-tasks.ts';
import { answerCall } from './simulated-api.ts';
import type { ApiAnswer, ApiRequest, IncomingCall, World } from '../run/world.ts';

const HOST_URL = 'http://arcrun.simulated';
const RECEIVER_URL = 'http://receiver.simulated';
const SWEEP_MS = 250;

/** Runs something in a simulated world, whose time passes at once. */
export async function inSimulation<T>(
  seed: number,
  run: (world: World) => Promise<T>,
  engine = new ReferenceEngine(),
): Promise<T> {
  const world = new SimulatedWorld(seed, engine);
  const running = run(world);
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  running.then(over, over);
  for (;;) {
    // Until all that this moment brings about has happened.
    await setImmediate();
    if (isOver) return running;
    world.advance();
  }
}

/** The reference engine in virtual time, with a network of random delays before it and behind it. */
class SimulatedWorld implements World {
  readonly settings = { hostUrl: HOST_URL, inlineLimit: 1000, hasCrashes: false };
  readonly receiverUrl = RECEIVER_URL;
  readonly #engine: ReferenceEngine;
  readonly #chance: Chance;
  readonly #ledger = new Map<string, Delivery>();
  #handler: (call: IncomingCall) => Promise<Reply> = () => Promise.resolve({ status: 404 });
  #timers: { readonly atMs: number; readonly fire: () => void }[] = [];
  #nowMs = 0;

  constructor(seed: number, engine: ReferenceEngine) {
    this.#engine = engine;
    this.#chance = new Chance(seed ^ 0x5eed);
    void this.#sweep();
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((fire) => {
      this.#timers.push({ atMs: this.#nowMs + ms, fire });
    });
  }

  /** Goes on to the next moment at which something happens. */
  advance(): void {
    this.#nowMs = Math.min(...this.#timers.map(({ atMs }) => atMs));
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { fire } of due) fire();
  }

  receive(_prefix: string, handler: (call: IncomingCall) => Promise<Reply>): void {
    this.#handler = handler;
  }

  async send(request: ApiRequest): Promise<ApiAnswer> {
    await this.#travel();
    const answer = this.#happen(() => answerCall(this.#engine, request));
    await this.#travel();
    return structuredClone(answer);
  }

  async countOpenCalls(): Promise<number> {
    return this.#ledger
      .values()
      .filter(({ status }) => status === 'Pending')
      .toArray().length;
  }

  async readLedger(): Promise<Delivery[]> {
    return [...this.#ledger.values()];
  }

  #travel(): Promise<void> {
    return this.sleep(this.#chance.small(1, 200) / 10);
  }

  /** Lets something happen in the engine, and what follows from it in the world. */
  #happen<T>(run: () => T): T {
    this.#engine.moveTo(this.#nowMs);
    const result = run();
    for (const notice of this.#engine.takeNotices()) void this.#deliver(notice);
    void this.#claim();
    return result;
  }

  async #sweep(): Promise<void> {
    for (;;) {
      await this.sleep(SWEEP_MS);
      this.#happen(() => this.#engine.timeOut());
    }
  }

  async #claim(): Promise<void> {
    await this.sleep(this.#chance.small(1, 50) / 10);
    this.#engine.moveTo(this.#nowMs);
    for (const task of this.#engine.claim()) void this.#start(task);
  }

  async #start(task: ReferenceTask): Promise<void> {
    const { id, attempt, claim, given } = task;
    await this.#travel();
    const action = given.on_start;
    const reply = await this.#call(action, id, {
      trigger: 'start',
      key: attempt === 1 ? `${id}:start` : `${id}:start:attempt:${attempt}`,
      body: bodyOf(action) ?? '',
      headers: { 'x-task-claim': String(claim), 'x-task-attempt': String(attempt) },
      query: given.retry === undefined ? '' : `?attempt=${attempt}`,
    });
    await this.#travel();
    this.#happen(() => {
      if (reply === 'reset') this.#engine.refused(task, attempt, 'socket hang up');
      else if (reply.status >= 300) this.#engine.refused(task, attempt, `answered ${reply.status}`);
      else this.#engine.started(task, attempt, cancelActionIn(reply.body));
    });
  }

  async #deliver(notice: Notice): Promise<void> {
    const { task, batchId, action, trigger, key, report } = notice;
    const row = this.#record(notice);
    for (;;) {
      await this.#travel();
      row.attempts++;
      const reply = await this.#call(action, task?.id ?? null, {
        trigger: TRIGGER_HEADERS[trigger],
        key,
        body: enrichBody(bodyOf(action), report),
        headers: task === null ? { 'x-batch-id': batchId } : {},
      });
      if (reply !== 'reset' && reply.status < 300) break;
      row.last_error = reply === 'reset' ? 'socket hang up' : `answered ${reply.status}`;
      await this.sleep(this.#chance.between(0, 1000));
    }
    row.status = 'Success';
  }

  #record({ task, batchId, trigger, condition, key }: Notice): Delivery {
    const row: Delivery = {
      id: key,
      task_id: task?.id ?? null,
      batch_id: task === null ? batchId : null,
      trigger,
      condition,
      idempotency_key: key,
      status: 'Pending',
      attempts: 0,
      last_error: null,
      next_attempt_at: null,
      created_at: '',
      updated_at: '',
    };
    this.#ledger.set(key, row);
    return row;
  }

  #call(
    { params: { url, verb, headers: own = {} } }: NewAction,
    taskId: string | null,
    call: { trigger: string; key: string; body: string; headers: Record<string, string>; query?: string },
  ): Promise<Reply> {
    const target = url.slice(RECEIVER_URL.length);
    const handle = `handle=${encodeURIComponent(`${HOST_URL}/task/${taskId}${call.query ?? ''}`)}`;
    const users = Object.fromEntries(Object.entries(own).map(([name, value]) => [name.toLowerCase(), value]));
    return this.#handler({
      method: verb.toUpperCase(),
      target: taskId === null ? target : `${target}${target.includes('?') ? '&' : '?'}${handle}`,
      headers: {
        ...users,
        ...(taskId !== null && { 'x-task-id': taskId }),
        'x-task-trigger': call.trigger,
        'idempotency-key': call.key,
        ...call.headers,
      },
      body: call.body,
    });
  }
}

/** A body of null is none. */
const bodyOf = ({ params: { body } }: NewAction): string | null =>
  body === undefined || body === null ? null : JSON.stringify(body);

function cancelActionIn(body: unknown): NewAction | null {
  const isAction = typeof body === 'object' && body !== null && 'params' in body;
  return isAction ? (body as NewAction) : null;
}
