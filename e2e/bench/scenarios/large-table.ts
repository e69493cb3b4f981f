import { webhook } from '@arcrun/client';
import { loadHistory } from '../loading/load-history.ts';
import { median } from '../measure/distribution.ts';
import type { System } from '../system/start-system.ts';
import { type LifeCost, measureLifeCost } from './lifecycle.ts';
import { aTask, postTasks, send } from './load.ts';
import { defineScenario } from './scenario.ts';

/** Of 100 tasks on average. In a quick run there are fewer. */
const BATCHES = 20_000;
const BATCHES_QUICK = 2000;
const TASKS_EACH = 100;
const TASKS = 5000;
/** How often the cost is measured before the table grows; its median is what the later ones are held against. */
const ROUNDS_BEFORE = 3;

/** The same tasks, in an empty table and among many that have ended. */
export const largeTable = defineScenario({
  name: 'large table',
  what: `the lifecycle before and after the table has grown to ${BATCHES * TASKS_EACH} tasks in ${BATCHES} batches, loaded by SQL`,
  fullOnly: true,
  measures: {
    rows: { what: 'tasks loaded', unit: 'tasks' },
    loading: { what: 'loading them', unit: 's' },
    few: { what: 'throughput before', unit: 'tasks/s' },
    many: { what: 'throughput after', unit: 'tasks/s' },
    cpuOfFew: { what: 'CPU of API, worker, Postgres and Redis before', unit: 'ms/task' },
    cpuOfMany: { what: 'CPU of all of them after', unit: 'ms/task' },
    growth: { what: 'CPU after, more than before', unit: '%', bar: { atMost: 15 } },
  },
  async prepare(system, { isQuick }) {
    const before: LifeCost[] = [];
    for (let round = 0; round < ROUNDS_BEFORE; round++)
      before.push(await measureLifeCost(system, { tasks: TASKS }));
    const few = {
      rate: median(before.map(({ rate }) => rate)),
      cpuMs: median(before.map(({ cpuMs }) => cpuMs)),
    };
    const batches = isQuick ? BATCHES_QUICK : BATCHES;
    const loading = await load(system, batches);
    return async () => {
      const many = await measureLifeCost(system, { tasks: TASKS });
      return {
        rows: batches * TASKS_EACH,
        loading,
        few: few.rate,
        many: many.rate,
        cpuOfFew: few.cpuMs,
        cpuOfMany: many.cpuMs,
        growth: (many.cpuMs / few.cpuMs - 1) * 100,
      };
    };
  },
});

/** @returns how long it took, in s */
async function load(system: System, batches: number): Promise<number> {
  const { pool } = system.database;
  await system.setWorkers(0);
  const template = aTask(system, 'template', '/end', {
    on_success: [webhook(`${system.receiverUrl}/done`)],
  });
  const [answer] = await send(system, [postTasks(system, [template])], { keepBodies: true });
  const [{ id: templateTaskId }] = JSON.parse(answer!.body) as [{ id: string }];
  const before = await countTasks(pool);
  const beganMs = performance.now();
  await loadHistory(pool, { batches, liveBatches: 0, templateTaskId });
  const seconds = (performance.now() - beganMs) / 1000;
  const loaded = (await countTasks(pool)) - before;
  if (loaded !== batches * TASKS_EACH) throw new Error(`${loaded} tasks of ${batches} batches were loaded`);
  await send(system, [{ method: 'DELETE', url: `${system.apiUrl}/task/${templateTaskId}` }], { expect: 200 });
  // What the loading has left to be written is not to be charged to what follows.
  await pool.query('checkpoint');
  await system.setWorkers(1);
  // Whoever has just started compiles what it runs, and reads what was not in memory yet.
  await measureLifeCost(system, { tasks: TASKS });
  return seconds;
}

async function countTasks(pool: System['database']['pool']): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('select count(*)::int as count from task_state');
  return rows[0]!.count;
}
