import { setTimeout as delay } from 'node:timers/promises';
import { type NewTask, webhook } from '@arcrun/client';
import { archiveBatches } from '@arcrun/database';
import { measureClaimRounds } from '../measure/claim-rounds.ts';
import { measureFootprint } from '../measure/footprint.ts';
import type { System } from '../system/start-system.ts';
import { aTask, postTasks, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const TASKS = 5000;
const BATCH = 500;
/** Tasks of a rich batch that have no parents; all others have two, of the layer before. */
const LAYER = 100;
const ROUNDS = { few: 50, many: 1000, count: 10 };

/** What tasks take besides CPU, which decides how far one Postgres goes (docs/scaling.md). */
export const footprint = defineScenario({
  name: 'footprint',
  what: `what ${TASKS} tasks leave in Postgres and send to Redis: plain ones, and rich ones with four fields of metadata, two parents and a notification`,
  measures: {
    plainWal: { what: 'written ahead (WAL), plain task', unit: 'B/task' },
    richWal: { what: 'written ahead, rich task', unit: 'B/task' },
    richApi: { what: 'CPU of the API, rich task', unit: 'ms/task' },
    richWorker: { what: 'CPU of the worker, rich task', unit: 'ms/task' },
    richPostgres: { what: 'CPU of Postgres, rich task', unit: 'ms/task' },
    archiveWal: { what: 'written ahead to move that to the archive', unit: 'B/task' },
    plainStored: { what: 'rows and indexes, plain task that has ended', unit: 'B/task' },
    richStored: { what: 'rows and indexes, rich task', unit: 'B/task' },
    archived: { what: 'rows and indexes of that in the archive', unit: 'B/task' },
    transactions: { what: 'transactions, plain task', unit: 'per task' },
    redis: { what: 'commands to Redis, plain task', unit: 'per task' },
    fewRound: { what: `CPU of Postgres in a claim round of ${ROUNDS.few}`, unit: 'ms/claim' },
    manyRound: { what: `CPU of Postgres in a claim round of ${ROUNDS.many}`, unit: 'ms/claim' },
  },
  prepare: async (system) => async () => {
    const measure = (load: () => Promise<unknown>) => measureFootprint(system, TASKS, load);
    await archiveAll(system);
    const plain = await measure(() => runTasks(system, (id) => aTask(system, id, '/end')));
    await archiveAll(system);
    const rich = await measure(() => runTasks(system, (id, index) => aRichTask(system, id, index)));
    const archive = await measure(async () => {
      const moved = await archiveAll(system);
      if (moved !== TASKS) throw new Error(`${moved} tasks were archived instead of ${TASKS}`);
    });
    return {
      plainWal: plain.wal,
      richWal: rich.wal,
      richApi: rich.cpu.api,
      richWorker: rich.cpu.worker,
      richPostgres: rich.cpu.postgres,
      archiveWal: archive.wal,
      plainStored: plain.stored,
      richStored: rich.stored,
      archived: archive.archived,
      transactions: plain.transactions,
      redis: plain.redisCommands,
      ...(await measureRounds(system)),
    };
  },
});

/** Runs tasks until they have ended and all notifications are delivered. */
async function runTasks(system: System, makeTask: (id: string, index: number) => NewTask): Promise<void> {
  await system.receiver.ask('forget');
  const batch = Array.from({ length: BATCH }, (_, index) => makeTask(`task-${index}`, index));
  const requests = Array.from({ length: TASKS / BATCH }, () => postTasks(system, batch));
  const ended = within('the tasks', system.receiver.ask('untilEnded', TASKS));
  await send(system, requests, { concurrency: 2 });
  await ended;
  await within('the notifications', untilDelivered(system));
}

const aRichTask = (system: System, id: string, index: number): NewTask => {
  const inLayer = index % LAYER;
  const parents = index < LAYER ? [] : [index - LAYER, index - LAYER + (inLayer + 1 === LAYER ? -1 : 1)];
  return aTask(system, id, '/end', {
    name: `render frame ${index} of a scene`,
    metadata: { tenant_id: `tenant-${index % 20}`, frame: index, scene: 'opening', region: 'eu-central-1' },
    dependencies: parents.map((parent) => ({ id: `task-${parent}`, requires_success: true })),
    on_success: [webhook(`${system.receiverUrl}/hold`)],
  });
};

async function untilDelivered({ database }: System): Promise<void> {
  for (;;) {
    const { rowCount } = await database.pool.query(`select from delivery where status = 'Pending' limit 1`);
    if (rowCount === 0) return;
    await delay(50);
  }
}

/** Moves all that has ended to the archive; gives the number of tasks. */
async function archiveAll({ database }: System): Promise<number> {
  let tasks = 0;
  for (;;) {
    const moved = await archiveBatches(database.db, { ageSecs: 0, limit: 1000 });
    if (moved.batches === 0) return tasks;
    tasks += moved.tasks;
  }
}

async function measureRounds(system: System): Promise<{ fewRound: number; manyRound: number }> {
  await system.setWorkers(0);
  const cpuPerClaim = async (tasks: number): Promise<number> => {
    const request = postTasks(
      system,
      Array.from({ length: tasks }, (_, index) => aTask(system, `task-${index}`, '/hold')),
    );
    const create = (): Promise<unknown> => send(system, [request]);
    const { cpuMs } = await measureClaimRounds(system, { rounds: ROUNDS.count, tasks, create });
    return cpuMs / tasks;
  };
  const costs = { fewRound: await cpuPerClaim(ROUNDS.few), manyRound: await cpuPerClaim(ROUNDS.many) };
  await system.setWorkers(1);
  return costs;
}
