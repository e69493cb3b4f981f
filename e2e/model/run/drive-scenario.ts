import type { BatchStats, Dag, Task } from '@arcrun/client';
import { countUnfinished } from '@arcrun/client';
import type { FinalState, History, ObservedCall, ObservedRequest, Reply } from './history.ts';
import { pathOf, toAction, toRequest } from './operations.ts';
import {
  type ActionPlan,
  type Behaviour,
  type Operation,
  type Scenario,
  type TaskPlan,
  type TaskRef,
  tasksOf,
} from '../scenario/scenario.ts';
import type { IncomingCall, World } from './world.ts';

/** When nothing was seen for so long, nothing moves: what waits for more starts is done all the same. */
const QUIET_MS = 300;
const LOOK_MS = 60;
/** Only then is the API asked whether all has ended: questions cost time, too. */
const LULL_MS = 150;
const LIMIT_MS = 180_000;

/**
 * Takes a scenario through a world: creates its batches, plays its receivers and its clients, and writes down what
 * is seen. Returns when all of it has ended and every notification was delivered.
 *
 * @throws when it does not end
 */
export function driveScenario(scenario: Scenario, world: World): Promise<History> {
  return new Drive(scenario, world).run();
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

class Drive {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #taskIds = new Map<TaskRef, string>();
  readonly #batchIds = new Map<string, string>();
  readonly #calls: Mutable<ObservedCall>[] = [];
  readonly #requests: ObservedRequest[] = [];
  readonly #starts: Map<string, TaskPlan>;
  readonly #notices: Map<string, ActionPlan>;
  readonly #refused = new Map<string, number>();
  /** By task and attempt. */
  readonly #replies = new Map<string, Promise<Reply>>();
  /** What is under way. */
  readonly #work = new Set<Promise<void>>();
  readonly #errors: unknown[] = [];
  #waiting: Scenario['interventions'];
  #startsSeen = 0;
  #movedMs = 0;

  constructor(scenario: Scenario, world: World) {
    this.#scenario = scenario;
    this.#world = world;
    this.#waiting = scenario.interventions;
    const tasks = tasksOf(scenario);
    this.#starts = new Map(tasks.map((task) => [pathOf(task.onStart.target), task]));
    const actions = [
      ...scenario.batches.flatMap((batch) => batch.onComplete),
      ...tasks.flatMap((task) => [
        ...task.onSuccess,
        ...task.onFailure,
        ...task.behaviours.flatMap(cancelActionOf),
      ]),
    ];
    this.#notices = new Map(actions.map((action) => [pathOf(action.target), action]));
  }

  async run(): Promise<History> {
    const { seed } = this.#scenario;
    this.#world.receive(`/${seed}/`, (call) => this.#receive(call));
    this.#move();
    this.#intervene();
    const closing = [...this.#scenario.closing];
    const limitMs = this.#world.nowMs() + LIMIT_MS;
    while (!(await this.#isOver())) {
      if (this.#errors.length > 0) throw this.#errors[0];
      if (this.#world.nowMs() > limitMs) throw new Error(`it does not end: ${await this.#describe()}`);
      await this.#world.sleep(LOOK_MS);
      if (this.#work.size > 0 || this.#world.nowMs() - this.#movedMs < QUIET_MS) continue;
      // Nothing moves: the next of what waits for more starts, then what lets the rest end.
      if (this.#waiting.length > 0) this.#intervene(this.#waiting[0]!.afterStarts);
      else if (this.#batchIds.size === this.#scenario.batches.length)
        for (const operation of closing.shift() ?? []) await this.#do(operation);
    }
    return {
      scenario: this.#scenario,
      taskIds: this.#taskIds,
      batchIds: this.#batchIds,
      final: await this.#readFinal(),
      calls: this.#calls,
      requests: this.#requests,
      settings: this.#world.settings,
    };
  }

  async #receive(incoming: IncomingCall): Promise<Reply> {
    const call: Mutable<ObservedCall> = {
      ...incoming,
      arrivedMs: this.#move(),
      answeredMs: null,
      answer: null,
    };
    this.#calls.push(call);
    const task = this.#starts.get(pathOf(incoming.target));
    const id = incoming.headers['x-task-id'];
    // It may come before the answer to the creation.
    if (task !== undefined && !this.#taskIds.has(task.ref)) this.#taskIds.set(task.ref, String(id));
    const attempt = Number(incoming.headers['x-task-attempt']);
    const reply = task === undefined ? this.#takeNotice(incoming) : await this.#start(task, attempt);
    call.answeredMs = this.#move();
    call.answer = reply;
    return reply;
  }

  #takeNotice({ target }: IncomingCall): Reply {
    const path = pathOf(target);
    const nth = this.#refused.get(path) ?? 0;
    this.#refused.set(path, nth + 1);
    const refusal = this.#notices.get(path)?.refusals[nth];
    return refusal ?? { status: 200 };
  }

  /** Resolves with the answer; the steps behind it go on meanwhile. A second call of an attempt gets the same answer. */
  #start({ ref, behaviours }: TaskPlan, attempt: number): Promise<Reply> {
    const key = `${ref} ${attempt}`;
    const known = this.#replies.get(key);
    if (known !== undefined) return known;
    const behaviour = behaviours[attempt - 1];
    if (behaviour === undefined) throw new Error(`${ref} has no attempt ${attempt}`);
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#replies.set(key, promise);
    this.#startsSeen++;
    this.#intervene();
    this.#begin(async () => {
      for (const { afterMs, operation } of behaviour.steps) {
        await this.#world.sleep(afterMs);
        if (operation === 'answer') resolve(this.#answerOf(behaviour));
        else await this.#do(operation);
      }
    });
    return promise;
  }

  #answerOf({ answer }: Behaviour): Reply {
    if (answer === 'reset') return answer;
    const { status } = answer;
    if ('garbage' in answer) return { status, body: answer.garbage };
    if ('cancelAction' in answer)
      return { status, body: toAction(answer.cancelAction, this.#world.receiverUrl) };
    return { status };
  }

  /** Begins what has waited for so many starts. */
  #intervene(starts = this.#startsSeen): void {
    const due = this.#waiting.filter(({ afterStarts }) => afterStarts <= starts);
    this.#waiting = this.#waiting.filter(({ afterStarts }) => afterStarts > starts);
    for (const { afterMs, operation } of due) {
      this.#begin(async () => {
        await this.#world.sleep(afterMs);
        await this.#do(operation);
      });
    }
  }

  async #do(operation: Operation): Promise<void> {
    const { batches } = this.#scenario;
    const ids = { taskIds: this.#taskIds, batchIds: this.#batchIds };
    const request = toRequest(operation, ids, batches, this.#world.receiverUrl);
    if (request === null) return;
    const sentMs = this.#move();
    const { status, body, batchId } = await this.#world.send(request);
    this.#requests.push({ operation, sentMs, answeredMs: this.#move(), status, body });
    if (operation.what !== 'create' || batchId === null) return;
    this.#batchIds.set(operation.batch, batchId);
    for (const task of (body as Task[] | null) ?? []) {
      this.#taskIds.set(`${operation.batch}/${task.name}`, task.id);
    }
  }

  #begin(run: () => Promise<void>): void {
    const work = run()
      .catch((error: unknown) => void this.#errors.push(error))
      .finally(() => this.#work.delete(work));
    this.#work.add(work);
  }

  #move(): number {
    this.#movedMs = this.#world.nowMs();
    return this.#movedMs;
  }

  async #isOver(): Promise<boolean> {
    const { batches } = this.#scenario;
    if (this.#work.size > 0 || this.#waiting.length > 0 || this.#batchIds.size < batches.length) return false;
    if (this.#world.nowMs() - this.#movedMs < LULL_MS) return false;
    for (const id of this.#batchIds.values()) {
      const stats = await this.#get<BatchStats>(`/batch/${id}`);
      if (countUnfinished(stats.status_counts) > 0) return false;
    }
    return (await this.#world.countOpenCalls(this.#subjects())) === 0 && this.#work.size === 0;
  }

  async #readFinal(): Promise<FinalState> {
    const tasks = new Map<TaskRef, Task>();
    for (const [ref, id] of this.#taskIds) tasks.set(ref, await this.#get<Task>(`/task/${id}`));
    const stats = new Map<string, BatchStats>();
    const dags = new Map<string, Dag>();
    for (const [name, id] of this.#batchIds) {
      stats.set(name, await this.#get<BatchStats>(`/batch/${id}`));
      dags.set(name, await this.#get<Dag>(`/dag/${id}`));
    }
    const since = [...tasks.values()].map((task) => task.created_at).toSorted()[0] ?? '';
    const ledger = await this.#world.readLedger(this.#subjects(), since);
    return { readMs: this.#world.nowMs(), tasks, stats, dags, ledger };
  }

  #subjects(): string[] {
    return [...this.#taskIds.values(), ...this.#batchIds.values()];
  }

  async #get<T>(path: string): Promise<T> {
    const { status, body } = await this.#world.send({ method: 'GET', path });
    if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
    return body as T;
  }

  async #describe(): Promise<string> {
    const { tasks } = await this.#readFinal();
    const open = [...tasks].filter(([, { ended_at }]) => ended_at === null);
    const states = open.map(([ref, { status }]) => `${ref} is ${status}`);
    const stillMs = Math.round(this.#world.nowMs() - this.#movedMs);
    return `${states.join(', ') || 'all tasks have ended'}; nothing was seen for ${stillMs} ms`;
  }
}

export function cancelActionOf({ answer }: Behaviour): ActionPlan[] {
  return typeof answer === 'object' && 'cancelAction' in answer ? [answer.cancelAction] : [];
}
