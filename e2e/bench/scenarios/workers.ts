import type { System } from '../system/start-system.ts';
import { type LifeCost, measureLifeCost, measureRate } from './lifecycle.ts';
import { aTask } from './load.ts';
import { defineScenario } from './scenario.ts';

const TASKS = 5000;
/** A process that has just started compiles what it runs. */
const WARM_UP_TASKS = 1000;
const DELAY_MS = 100;

/** More workers are to bring more open calls, and cost nothing else: on few cores they are no faster. */
export const workers = defineScenario({
  name: 'workers',
  what: `the lifecycle with 1, 2 and 4 workers and a receiver that takes ${DELAY_MS} ms to answer`,
  fullOnly: true,
  measures: {
    one: { what: 'tasks with 1 worker', unit: 'tasks/s' },
    two: { what: 'tasks with 2 workers', unit: 'tasks/s' },
    four: { what: 'tasks with 4 workers', unit: 'tasks/s' },
    cpuOfOne: { what: 'CPU of API, workers, Postgres and Redis, with 1 worker', unit: 'ms/task' },
    cpuOfTwo: { what: 'CPU with 2 workers', unit: 'ms/task' },
    cpuOfFour: { what: 'CPU with 4 workers', unit: 'ms/task' },
    ratio: { what: 'CPU with 4 workers, times that with 1', unit: '×', bar: { atMost: 1.25 } },
  },
  prepare: async (system) => async () => {
    const one = await runWith(system, 1);
    const two = await runWith(system, 2);
    const four = await runWith(system, 4);
    return {
      one: one.rate,
      two: two.rate,
      four: four.rate,
      cpuOfOne: one.cpuMs,
      cpuOfTwo: two.cpuMs,
      cpuOfFour: four.cpuMs,
      ratio: four.cpuMs / one.cpuMs,
    };
  },
});

async function runWith(system: System, count: number): Promise<LifeCost> {
  const newTask = (id: string) => aTask(system, id, `/end?answer_after=${DELAY_MS}`);
  await system.setWorkers(count);
  await measureRate(system, { tasks: WARM_UP_TASKS, newTask });
  return measureLifeCost(system, { tasks: TASKS, newTask });
}
