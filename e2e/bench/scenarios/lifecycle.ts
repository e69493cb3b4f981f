import { measureCosts } from '../measure/costs.ts';
import type { System } from '../system/start-system.ts';
import { aTask, postTasks, send, type Work, within } from './load.ts';
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
    share: { what: 'of what the plain libraries add up to', unit: '%', bar: { atLeast: 80 } },
    cpu: { what: 'CPU of API, worker, Postgres and Redis', unit: 'ms/task' },
    cpuShare: { what: 'times the sum of the libraries', unit: '×', bar: { atMost: 1.3 } },
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

/** @returns how many tasks a second went through their whole life */
export async function measureRate(
  system: System,
  { tasks, work = '/end' }: { tasks: number; work?: Work },
): Promise<number> {
  return (tasks / (await runLifecycle(system, tasks, work))) * 1000;
}

/** @returns how long it took from the first request to the answer of the last report */
async function runLifecycle(system: System, tasks: number, work: Work): Promise<number> {
  await system.receiver.ask('forget');
  const requests = Array.from({ length: tasks / BATCH }, () =>
    postTasks(
      system,
      Array.from({ length: BATCH }, (_, index) => aTask(system, `task-${index}`, work)),
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
