import { cpuUsed, readCpuTimes } from '../measure/cpu-time.ts';
import type { System } from '../system/start-system.ts';
import { aTask, postTasks, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const TASKS = 5000;
const BATCH = 500;
/** Batches under way at once. */
const CONCURRENCY = 2;

/** Independent tasks through their whole life: created, called, reported. */
export const lifecycle = defineScenario({
  name: 'lifecycle',
  what: `${TASKS} independent tasks in batches of ${BATCH}, each reported as soon as it was called`,
  measures: {
    throughput: { what: 'tasks from POST to the answer of PATCH', unit: 'tasks/s', bar: { atLeast: 700 } },
    api: { what: 'CPU of the API', unit: 'ms/task' },
    worker: { what: 'CPU of the worker', unit: 'ms/task' },
    postgres: { what: 'CPU of Postgres, background included', unit: 'ms/task' },
    redis: { what: 'CPU of Redis', unit: 'ms/task' },
    parties: { what: 'CPU of receiver and generator', unit: 'ms/task' },
  },
  async run(system) {
    const before = readCpuTimes(system.pids());
    const elapsedMs = await runLifecycle(system, TASKS, BATCH);
    const used = cpuUsed(before, readCpuTimes(system.pids()));
    return {
      throughput: (TASKS / elapsedMs) * 1000,
      api: used.api / TASKS,
      worker: used.worker / TASKS,
      postgres: used.postgres / TASKS,
      redis: used.redis / TASKS,
      parties: (used.receiver + used.generator) / TASKS,
    };
  },
});

/** @returns how long it took from the first request to the answer of the last report */
export async function runLifecycle(system: System, tasks: number, batch: number): Promise<number> {
  await system.receiver.ask('forget');
  const requests = Array.from({ length: tasks / batch }, () =>
    postTasks(
      system,
      Array.from({ length: batch }, (_, index) => aTask(system, `task-${index}`, '/end')),
    ),
  );
  const ended = within('the lifecycle', system.receiver.ask('untilEnded', tasks));
  const answers = await send(system, requests, { concurrency: CONCURRENCY });
  await ended;
  const records = await system.receiver.ask('records');
  const began = Math.min(...answers.map(({ sentMs }) => sentMs));
  return Math.max(...records.map(({ endAnsweredMs }) => endAnsweredMs ?? Number.NaN)) - began;
}
