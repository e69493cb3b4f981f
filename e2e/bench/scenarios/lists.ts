import { webhook } from '@arcrun/client';
import type { System } from '../system/start-system.ts';
import { loadHistory } from '../loading/load-history.ts';
import { percentile } from '../measure/distribution.ts';
import type { HttpRequest } from '../parties/keep-alive-client.ts';
import type { TimedAnswer } from '../parties/generator.ts';
import { batchCalls, type KnownBatch, type KnownHistory, type ListCall, taskCalls } from './list-calls.ts';
import { aTask, postTasks, send } from './load.ts';
import { defineScenario } from './scenario.ts';

const FULL = { batches: 20_000, liveBatches: 200, lastPage: 99 };
const QUICK = { batches: 2000, liveBatches: 100, lastPage: 5 };
const CLIENTS = 8;
/** How long a list is asked as often as it can be; then it is asked half as often, the longer the more filters. */
const FLOOD_MS = 2000;
const STEADY_MS = { tasks: 20_000, batches: 15_000, byId: 4000 };
const NOTHING = '[]'.length;

const rate = (what: string) => ({ what: `${what}, ${CLIENTS} clients`, unit: 'per s' });
const atHalf = (what: string, atMost: number) => ({ what, unit: 'ms', bar: { atMost } });

/** Lists of a large history, with all filters, at half of the rate that saturates. */
export const lists = defineScenario({
  name: 'lists',
  what: `${FULL.batches * 100} tasks in ${FULL.batches} batches (quick: ${QUICK.batches * 100} in ${QUICK.batches}), at half of the rate that saturates`,
  measures: {
    tasksRate: rate('GET /task, all filters in turn'),
    tasksP50: { what: 'GET /task, p50', unit: 'ms' },
    tasksP99: atHalf('GET /task, p99', 30),
    tasksWorst: atHalf('GET /task, p99 of the slowest filter', 30),
    batchesRate: rate('GET /batches, all filters in turn'),
    batchesP50: { what: 'GET /batches, p50', unit: 'ms' },
    batchesP99: atHalf('GET /batches, p99', 30),
    batchesWorst: atHalf('GET /batches, p99 of the slowest filter', 30),
    batchRate: rate('GET /batch/{id}'),
    batchP50: { what: 'GET /batch/{id}, p50', unit: 'ms' },
    batchP99: atHalf('GET /batch/{id}, p99', 30),
    dagRate: rate('GET /dag/{id} of 1,000 tasks'),
    dagP50: { what: 'GET /dag/{id}, p50', unit: 'ms' },
    dagP99: atHalf('GET /dag/{id}, p99', 100),
  },
  async prepare(system, { isQuick }) {
    const history = await makeHistory(system, isQuick ? QUICK : FULL);
    const calls = {
      tasks: taskCalls(history),
      batches: batchCalls(history),
      batch: [byId('/batch', history.someBatches)],
      dag: [byId('/dag', history.largeBatches)],
    };
    for (const call of Object.values(calls).flat()) await check(system, call);
    return async () => {
      const tasks = await measure(system, calls.tasks, STEADY_MS.tasks);
      const batches = await measure(system, calls.batches, STEADY_MS.batches);
      const batch = await measure(system, calls.batch, STEADY_MS.byId);
      const dag = await measure(system, calls.dag, STEADY_MS.byId);
      return {
        tasksRate: tasks.perSecond,
        tasksP50: tasks.p50Ms,
        tasksP99: tasks.p99Ms,
        tasksWorst: tasks.worstP99Ms,
        batchesRate: batches.perSecond,
        batchesP50: batches.p50Ms,
        batchesP99: batches.p99Ms,
        batchesWorst: batches.worstP99Ms,
        batchRate: batch.perSecond,
        batchP50: batch.p50Ms,
        batchP99: batch.p99Ms,
        dagRate: dag.perSecond,
        dagP50: dag.p50Ms,
        dagP99: dag.p99Ms,
      };
    };
  },
});

/** Loads a history that no worker touches. */
async function makeHistory(
  system: System,
  { lastPage, ...size }: { batches: number; liveBatches: number; lastPage: number },
): Promise<KnownHistory> {
  await system.setWorkers(0);
  const template = aTask(system, 'template', '/hold', {
    on_success: [webhook(`${system.receiverUrl}/hold`)],
  });
  const [created] = await send(system, [postTasks(system, [template])], { keepBodies: true });
  const [{ id }] = JSON.parse(created!.body) as [{ id: string }];
  await loadHistory(system.database.pool, { ...size, templateTaskId: id });
  const { pool } = system.database;
  const { rows: batches } = await pool.query<KnownBatch & { total_tasks: number }>(
    `select id, rfc3339(created_at) as "createdAt", total_tasks from batch order by created_at`,
  );
  const { rows: tasks } = await pool.query<{ order: number }>(
    `select (metadata ->> 'order')::integer as order from task where position = 7 and metadata ? 'order'`,
  );
  return {
    batches: size.batches,
    someBatches: batches.slice(batches.length / 10, -size.liveBatches),
    largeBatches: batches.filter((batch) => batch.total_tasks === 1000),
    orders: tasks.map(({ order }) => order),
    lastPage,
  };
}

const byId = (path: string, batches: readonly KnownBatch[]): ListCall => ({
  name: path,
  path: (turn) => `${path}/${batches[(turn * 31) % batches.length]!.id}`,
  hasRows: true,
});

/** @throws when one of its answers is wrong */
async function check(system: System, call: ListCall): Promise<void> {
  for (const turn of [0, 1, 2]) {
    const url = `${system.apiUrl}${call.path(turn)}`;
    const [answer] = await send(system, [{ method: 'GET', url }], { expect: 200, keepBodies: true });
    if (answer!.body.length > NOTHING !== call.hasRows)
      throw new Error(`${url} (${call.name}) answers ${answer!.body.slice(0, 200)}`);
  }
}

interface Measured {
  /** The most that it answers. */
  readonly perSecond: number;
  /** At half of that. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the calls told apart by name, that of the slowest. */
  readonly worstP99Ms: number;
}

/** Finds out how often the calls can be answered, and how long they take at half of that. */
async function measure(system: System, calls: readonly ListCall[], steadyMs: number): Promise<Measured> {
  const requestsOf = (count: number): HttpRequest[] =>
    Array.from({ length: count }, (_, index) => {
      const call = calls[index % calls.length]!;
      return { method: 'GET', url: system.apiUrl + call.path(Math.floor(index / calls.length)) };
    });
  const flood = async (count: number): Promise<number> => {
    const requests = requestsOf(count);
    const { elapsedMs, statuses } = await system.generator.ask('flood', {
      requests,
      count,
      concurrency: CLIENTS,
    });
    if (statuses[200] !== count) throw new Error(`answers other than 200: ${JSON.stringify(statuses)}`);
    return (count / elapsedMs) * 1000;
  };
  const roughly = await flood(calls.length * 4);
  const perSecond = await flood(Math.ceil((roughly * FLOOD_MS) / 1000));
  const requests = requestsOf(Math.ceil((perSecond / 2) * (steadyMs / 1000)));
  const answers = await system.generator.ask('sendEachAtRate', { requests, perSecond: perSecond / 2 });
  return { perSecond, ...judgeAnswers(calls, answers) };
}

/** @throws when an answer is wrong */
function judgeAnswers(
  calls: readonly ListCall[],
  answers: readonly TimedAnswer[],
): Omit<Measured, 'perSecond'> {
  const byCall = calls.map(({ name, hasRows }, place) => {
    const own = answers.filter((_, index) => index % calls.length === place);
    const wrong = own.find(({ status, bodyBytes }) => status !== 200 || bodyBytes > NOTHING !== hasRows);
    if (wrong !== undefined)
      throw new Error(`${name}: answered ${wrong.status} with ${wrong.bodyBytes} bytes`);
    return {
      name,
      p99Ms: percentile(
        own.map(({ latencyMs }) => latencyMs),
        0.99,
      ),
    };
  });
  const [worst, ...others] = byCall.toSorted((a, b) => b.p99Ms - a.p99Ms);
  const tell = (call: { name: string; p99Ms: number }): string => `${call.name} ${call.p99Ms.toFixed(1)} ms`;
  if (others.length > 0)
    console.log(`  p99 of the slowest: ${[worst!, ...others.slice(0, 4)].map(tell).join('; ')}`);
  const latencies = answers.map(({ latencyMs }) => latencyMs);
  return {
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    worstP99Ms: worst!.p99Ms,
  };
}
