import type { NewTask } from '@arcrun/client';
import { measureCosts } from '../measure/costs.ts';
import type { System } from '../system/start-system.ts';
import { aTask, postTasks, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const TASKS = 10_000;
const BATCH = 500;
/** Batches under way at once. */
const CONCURRENCY = 2;

/** Independent tasks through their whole life: created, called, reported. */
export const lifecycle = defineScenario({
  name: 'lifecycle',
  what: `${TASKS} independent tasks in batches of ${BATCH}, each reported as soon as it was called`,
  floors: ['express', 'node:http', 'bullmq', 'got', 'postgres'],
  measures: {
    throughput: {
      what: 'tasks from POST to the answer of PATCH',
      unit: 'tasks/s',
      bar: { atLeast: 1500 },
    },
    share: { what: 'rate, of what the plain libraries add up to', unit: '%', bar: { atLeast: 80 } },
    cpu: { what: 'CPU of API, worker, Postgres and Redis', unit: 'ms/task' },
    cpuShare: { what: 'CPU, times the sum of the libraries', unit: '×', bar: { atMost: 1.3 } },
    api: { what: 'CPU of the API', unit: 'ms/task' },
    worker: { what: 'CPU of the worker', unit: 'ms/task' },
    postgres: { what: 'CPU of Postgres, background included', unit: 'ms/task' },
    redis: { what: 'CPU of Redis', unit: 'ms/task' },
    world: { what: 'CPU of receiver and generator', unit: 'ms/task' },
  },
  prepare: async (system) => async (floors) => {
    const parts = [floors.express, floors.bullmq, floors.got, floors.postgres];
    const floorRate = 1 / parts.reduce((seconds, { perSecond }) => seconds + 1 / perSecond, 0);
    const floorCpuMs = parts.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    const [rate, { each, system: cpu }] = await measureCosts(system, TASKS, () =>
      measureRate(system, { tasks: TASKS }),
    );
    return {
      throughput: rate,
      share: (rate / floorRate) * 100,
      cpu,
      cpuShare: cpu / floorCpuMs,
      api: each.api,
      worker: each.worker,
      postgres: each.postgres,
      redis: each.redis,
      world: each.receiver + each.generator,
    };
  },
});

/** What goes through its whole life. */
interface Lives {
  /** In number; whole batches. */
  readonly tasks: number;
  /** Makes each; it must report its end. By default independent tasks that do so as soon as they were called. */
  readonly newTask?: (id: string, index: number) => NewTask;
}

/** @returns how many tasks a second went through their whole life */
export async function measureRate(system: System, lives: Lives): Promise<number> {
  return (lives.tasks / (await runLifecycle(system, lives))) * 1000;
}

/** What it takes to bring tasks through their whole life. */
export interface LifeCost {
  /** Tasks a second. */
  readonly rate: number;
  /** CPU of API, workers, Postgres and Redis for each task. */
  readonly cpuMs: number;
}

export async function measureLifeCost(system: System, lives: Lives): Promise<LifeCost> {
  const [rate, costs] = await measureCosts(system, lives.tasks, () => measureRate(system, lives));
  return { rate, cpuMs: costs.system };
}

/** @returns how long it took from the first request to the answer of the last report */
async function runLifecycle(
  system: System,
  { tasks, newTask = (id) => aTask(system, id, '/end') }: Lives,
): Promise<number> {
  await system.receiver.ask('forget');
  const requests = Array.from({ length: tasks / BATCH }, (_batch, batch) =>
    postTasks(
      system,
      Array.from({ length: BATCH }, (_, index) => newTask(`task-${index}`, batch * BATCH + index)),
    ),
  );
  const ended = within('the lifecycle', system.receiver.ask('untilEnded', tasks));
  const answers = await send(system, requests, { concurrency: CONCURRENCY });
  await ended;
  const records = await system.receiver.ask('records');
  if (records.length !== tasks) throw new Error(`${records.length} calls of on_start for ${tasks} tasks`);
  const began = Math.min(...answers.map(({ sentMs }) => sentMs));
  return Math.max(...records.map(({ endAnsweredMs }) => endAnsweredMs ?? Number.NaN)) - began;
}
