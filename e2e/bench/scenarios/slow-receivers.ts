import { measureRate } from './lifecycle.ts';
import { aTask } from './load.ts';
import { defineScenario } from './scenario.ts';

const TASKS = 10_000;
const DELAY_MS = 100;

/**
 * Half of them may go to one origin. A worker that does 2,500 tasks a second needs 250 calls open to one that takes
 * 100 ms for each, which is more than half of the default.
 */
const OPEN_CALLS = 1024;

/** Slow receivers are to cost open calls, not throughput. */
export const slowReceivers = defineScenario({
  name: 'slow receivers',
  what: `the lifecycle with a receiver that takes ${DELAY_MS} ms to answer, in turn with one that does not`,
  settings: { WORKER_WEBHOOK_CONCURRENCY: String(OPEN_CALLS) },
  measures: {
    throughput: { what: 'tasks from POST to the answer of PATCH', unit: 'tasks/s' },
    fast: { what: 'the same without the delay', unit: 'tasks/s' },
    share: { what: 'rate, of that without the delay', unit: '%', bar: { atLeast: 80 } },
  },
  prepare: async (system) => async () => {
    const fast = await measureRate(system, { tasks: TASKS });
    const throughput = await measureRate(system, {
      tasks: TASKS,
      newTask: (id) => aTask(system, id, `/end?answer_after=${DELAY_MS}`),
    });
    return { throughput, fast, share: (throughput / fast) * 100 };
  },
});
