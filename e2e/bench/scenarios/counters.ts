import { setTimeout as delay } from 'node:timers/promises';
import { IN_FLIGHT } from '../floors/floor.ts';
import { measureCosts } from '../measure/costs.ts';
import type { HttpRequest } from '../parties/keep-alive-client.ts';
import type { Flooded } from '../parties/tally.ts';
import type { System } from '../system/start-system.ts';
import { aTask, postTasks, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const TASKS = 20;
const CALLS = 50_000;
/** Of the flood in the middle of which the API is killed, and when it is. */
const CRASH_CALLS = 20_000;
const CRASH_AFTER_MS = 400;

/** Counters of tasks that run, which are durable when they are answered. */
export const counters = defineScenario({
  name: 'counters',
  what: `${IN_FLIGHT} clients PUT ${CALLS} counters of ${TASKS} tasks, and then of others while the API is killed`,
  floors: ['express'],
  measures: {
    rate: { what: 'counters answered', unit: '/s' },
    share: { what: 'rate, of that of Express alone', unit: '%', bar: { atLeast: 60 } },
    p50: { what: 'answer of a PUT, p50', unit: 'ms' },
    p99: { what: 'answer of a PUT, p99', unit: 'ms', bar: { atMost: 50 } },
    api: { what: 'CPU of the API', unit: 'ms/call' },
    postgres: { what: 'CPU of Postgres, background included', unit: 'ms/call' },
    lost: { what: 'answered, and lost when the API was killed', unit: 'calls', bar: { atMost: 0 } },
    unanswered: { what: 'counted, but not answered', unit: 'calls' },
  },
  prepare: async (system) => async (floors) => {
    const steady = await runTasks(system);
    const [flooded, { each }] = await measureCosts(system, CALLS, () => flood(system, steady, CALLS));
    const counted = await sumOf(system, steady);
    if (flooded.statuses['202'] !== CALLS || counted !== CALLS)
      throw new Error(
        `${counted} were counted of ${CALLS} calls, answered ${JSON.stringify(flooded.statuses)}`,
      );
    const rate = (CALLS / flooded.elapsedMs) * 1000;
    return {
      rate,
      share: (rate / floors.express.perSecond) * 100,
      p50: flooded.p50Ms,
      p99: flooded.p99Ms,
      api: each.api,
      postgres: each.postgres,
      ...(await countThroughCrash(system)),
    };
  },
});

/** @returns the ids of tasks that have just begun to run */
async function runTasks(system: System): Promise<string[]> {
  await system.receiver.ask('forget');
  const tasks = Array.from({ length: TASKS }, (_, index) => aTask(system, `counted-${index}`, '/hold'));
  const started = within('the counted tasks', system.receiver.ask('untilStarted', TASKS));
  await send(system, [postTasks(system, tasks)]);
  await started;
  return (await system.receiver.ask('records')).map(({ taskId }) => taskId);
}

function flood(system: System, tasks: readonly string[], count: number): Promise<Flooded> {
  const body = JSON.stringify({ new_success: 1 });
  const requests = tasks.map((id): HttpRequest => ({
    method: 'PUT',
    url: `${system.apiUrl}/task/${id}`,
    body,
  }));
  return system.generator.ask('flood', { requests, count, concurrency: IN_FLIGHT });
}

/** @returns what was counted on tasks, which must all run */
async function sumOf(system: System, tasks: readonly string[]): Promise<number> {
  const requests = tasks.map((id): HttpRequest => ({ method: 'GET', url: `${system.apiUrl}/task/${id}` }));
  const answers = await send(system, requests, { expect: 200, keepBodies: true });
  return answers.reduce((sum, { body }) => {
    const task = JSON.parse(body) as { status: string; success: number };
    if (task.status !== 'Running') throw new Error(`a counted task is ${task.status}`);
    return sum + task.success;
  }, 0);
}

/** @throws when more was counted than can have been under way, or when the flood was over before the crash */
async function countThroughCrash(system: System): Promise<{ lost: number; unanswered: number }> {
  const tasks = await runTasks(system);
  const flooding = flood(system, tasks, CRASH_CALLS);
  await delay(CRASH_AFTER_MS);
  await system.crashApi();
  const { statuses } = await within('the flood', flooding);
  const answered = statuses['202'] ?? 0;
  const refused = statuses['error'] ?? 0;
  const counted = await sumOf(system, tasks);
  if (refused === 0 || answered + refused !== CRASH_CALLS || counted > answered + IN_FLIGHT)
    throw new Error(`${counted} were counted, answered ${JSON.stringify(statuses)} around a crash`);
  return { lost: Math.max(0, answered - counted), unanswered: Math.max(0, counted - answered) };
}
