import { type NewTask, webhook } from '@arcrun/client';
import { measureCosts } from '../measure/costs.ts';
import { forgetPeakMemory, readPeakMemoryMb } from '../measure/memory.ts';
import type { Answer, GeneratorCommands } from '../parties/generator.ts';
import type { HttpRequest } from '../parties/keep-alive-client.ts';
import type { Flooded } from '../parties/tally.ts';
import { startParty } from '../system/party.ts';
import type { System } from '../system/start-system.ts';
import { aTask, postTasks, send } from './load.ts';
import { defineScenario } from './scenario.ts';

const BATCHES = 40;
const BATCH = 1000;
const TASKS = BATCHES * BATCH;
const OWN_BATCHES = 10;
const CLIENTS = 4;
const LARGE = 100_000;
/** Each task needs the two before it. */
const PARENTS = 2;
const TENANTS = 20;
/** What else is asked of the API while the large batch is created, of each kind of call. */
const OTHERS = { perSecond: 200, tasks: 100 };
const OTHERS_LIMIT_MS = 60_000;
const MB = 1024 * 1024;

/** Creation alone: no worker runs, so that nothing starts. */
export const create = defineScenario({
  name: 'create',
  what:
    `${BATCHES} batches of ${BATCH} by ${CLIENTS} clients, each task with ${PARENTS} dependencies, metadata and ` +
    `an on_success action; then one of ${LARGE}, beside ${OTHERS.perSecond} other calls a second`,
  settings: { MAX_TASKS_PER_BATCH: String(LARGE), PAYLOAD_MAX_BYTES: String(128 * MB) },
  measures: {
    rate: { what: 'tasks created in batches', unit: 'tasks/s', bar: { atLeast: 8000 } },
    own: { what: 'the same when no two tasks have an action in common', unit: 'tasks/s' },
    api: { what: 'CPU of the API', unit: 'ms/task' },
    postgres: { what: 'CPU of Postgres, background included', unit: 'ms/task' },
    large: { what: `one batch of ${LARGE} tasks`, unit: 's', bar: { atMost: 15 } },
    memory: { what: 'peak memory of the API meanwhile', unit: 'MB', bar: { atMost: 1000 } },
    othersP50: { what: 'other calls meanwhile, p50', unit: 'ms' },
    othersP99: { what: 'other calls meanwhile, p99', unit: 'ms', bar: { atMost: 100 } },
    othersMax: { what: 'other calls meanwhile, the slowest', unit: 'ms' },
  },
  async prepare(system) {
    await system.setWorkers(0);
    return async () => {
      const batches = Array.from({ length: BATCHES }, () => postTasks(system, someTasks(system, BATCH)));
      const [answers, { each }] = await measureCosts(system, TASKS, () =>
        send(system, batches, { concurrency: CLIENTS }),
      );
      await checkCreated(system, answers, BATCH);
      const own = await createWithOwnActions(system);
      const [large, others] = await createLarge(system);
      const memory = Math.max(...system.pids().api.map(readPeakMemoryMb));
      await checkCreated(system, [large], LARGE);
      return {
        rate: (TASKS / spanMs(answers)) * 1000,
        own,
        api: each.api,
        postgres: each.postgres,
        large: spanMs([large]) / 1000,
        memory,
        othersP50: others.p50Ms,
        othersP99: others.p99Ms,
        othersMax: others.maxMs,
      };
    };
  },
});

function someTasks(system: System, count: number): NewTask[] {
  return Array.from({ length: count }, (_, index) =>
    aTask(system, `task-${index}`, '/hold', {
      metadata: { tenant_id: `tenant-${index % TENANTS}`, order: index },
      dependencies: Array.from({ length: Math.min(index, PARENTS) }, (_parent, back) => ({
        id: `task-${index - 1 - back}`,
        requires_success: true,
      })),
      on_success: [webhook(`${system.receiverUrl}/done`)],
    }),
  );
}

/** What creation would cost if actions were not stored once: as many are written as there are tasks, twice. */
async function createWithOwnActions(system: System): Promise<number> {
  const batches = Array.from({ length: OWN_BATCHES }, (_, batch) => {
    const tasks = someTasks(system, BATCH).map((task, index) => {
      const own = `?own=${batch}-${index}`;
      return {
        ...task,
        on_start: webhook(`${system.receiverUrl}/hold${own}`),
        on_success: [webhook(`${system.receiverUrl}/done${own}`)],
      };
    });
    return postTasks(system, tasks);
  });
  const answers = await send(system, batches, { concurrency: CLIENTS });
  await checkCreated(system, answers, BATCH);
  return ((OWN_BATCHES * BATCH) / spanMs(answers)) * 1000;
}

/** From the first request to the last answer. */
function spanMs(answers: readonly Answer[]): number {
  const began = Math.min(...answers.map(({ sentMs }) => sentMs));
  return Math.max(...answers.map(({ answeredMs }) => answeredMs)) - began;
}

/** Creates the large batch while a generator of its own sends other calls; forgets peaks of memory before. */
async function createLarge(system: System): Promise<[Answer, Flooded]> {
  const request = postTasks(system, someTasks(system, LARGE));
  const requests = await otherCalls(system);
  const generator = await startParty<GeneratorCommands>('generator.ts');
  try {
    forgetPeakMemory(system.pids().api);
    const load = { requests, perSecond: OTHERS.perSecond, durationMs: OTHERS_LIMIT_MS };
    const sending = generator.ask('sendAtRate', load);
    const [answer] = await send(system, [request]);
    await generator.ask('stopSending');
    const others = await sending;
    const wrong = Object.keys(others.statuses).filter((status) => !/^2\d\d$/.test(status));
    if (wrong.length > 0) throw new Error(`other calls were answered ${JSON.stringify(others.statuses)}`);
    return [answer!, others];
  } finally {
    await generator.stop();
  }
}

/** Reads, changes, counters and small batches in turn, on tasks that wait. */
async function otherCalls(system: System): Promise<HttpRequest[]> {
  const [posted] = await send(system, [postTasks(system, someTasks(system, OTHERS.tasks))], {
    keepBodies: true,
  });
  const tasks = JSON.parse(posted!.body) as readonly { id: string }[];
  const small = postTasks(system, someTasks(system, 1));
  return tasks.flatMap(({ id }): HttpRequest[] => {
    const url = `${system.apiUrl}/task/${id}`;
    return [
      { method: 'GET', url },
      { method: 'PATCH', url, body: JSON.stringify({ expected_count: 10 }) },
      { method: 'PUT', url, body: JSON.stringify({ new_success: 1 }) },
      small,
    ];
  });
}

/** @throws when not all that was asked for is in the database, waiting as it should */
async function checkCreated(system: System, answers: readonly Answer[], size: number): Promise<void> {
  const { rows } = await system.database.pool.query<Record<string, number>>(FOUND, [
    answers.map(({ batchId }) => batchId),
  ]);
  const eachBatch = { tasks: size, waiting: size - 1, links: linksOf(size) };
  for (const [what, count] of Object.entries(eachBatch)) {
    const found = rows[0]![what];
    const expected = count * answers.length;
    if (found !== expected) throw new Error(`${found} ${what} instead of ${expected} were created`);
  }
}

const FOUND = `
  select
    (select count(*) from task
     where batch_id = any($1::uuid[]) and metadata ? 'order' and cardinality(on_success) = 1)::int as tasks,
    (select count(*) from task_state where batch_id = any($1::uuid[]) and status = 'Waiting')::int as waiting,
    (select count(*) from link join task on task.id = link.child_id
     where task.batch_id = any($1::uuid[]))::int as links`;

/** The first tasks of a batch have fewer before them than the others need. */
const linksOf = (size: number): number => PARENTS * size - (PARENTS * (PARENTS + 1)) / 2;
