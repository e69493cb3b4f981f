import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CuttableWay, openWay, until } from '@arcrun/database/testing';
import { generateWorkflow } from '@arcrun/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Facts, readFacts } from '../faults/checks/facts.ts';
import { findViolations } from '../faults/checks/find-violations.ts';
import { planBatch, type PlannedBatch, planWorkflow } from '../faults/workload/plan.ts';
import { Workload } from '../faults/workload/workload.ts';
import { type Stack, startStack } from '../harness/stack.ts';
import { findGrowth, type Measures, tellGrowth } from './growth/judge-growth.ts';
import { LIMITS, takeMeasures, type Veterans } from './growth/take-measures.ts';
import { SOAK_FAULTS, type SoakContext } from './soak-faults.ts';

// Hours of work in as many minutes as are given: each minute has work of its own, a fault in the middle of it, and a
// judgement in the end. Then a day passes for the rows that were left, and nothing may be left of them.

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 30);
/** Every history is kept here, so that what was found wrong can be looked into. */
const FOLDER = resolve(import.meta.dirname, '../../test-results/soak');

const BATCH_SIZE = 40;
const WORKFLOW_TASKS = 200;
const WORKFLOW_WORK_MS = 20;
const PAUSE_MS = 500;
const MINUTE_MS = 60_000;
/** The first half of the time in which there is work. */
const HALF_MS = 15_000;
const END_LIMIT_MS = 90_000;
const REST_MS = 4000;
const CLEARED_LIMIT_MS = 60_000;

const opened: { database: CuttableWay[]; redis: CuttableWay[] } = { database: [], redis: [] };
const openedOf = (kind: 'database' | 'redis') => async (url: string) => {
  const way = await openWay(url);
  opened[kind].push(way);
  return way.url;
};

let stack: Stack;
let veterans: Veterans;
beforeAll(async () => {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  stack = await startStack({
    apis: 2,
    workers: 3,
    hasFaults: true,
    ways: { database: openedOf('database'), redis: openedOf('redis') },
    settings: {
      WEBHOOK_TIMEOUT_SECS: '60',
      RETENTION_ENABLED: '1',
      RETENTION_DAYS: '0',
      RETENTION_ARCHIVE_DAYS: '1',
      RETENTION_CLEANUP_INTERVAL_SECS: '5',
      METRICS_SAMPLER_INTERVAL_SECS: '2',
    },
  });
  veterans = { 'the API': stack.apis[0]!, 'a worker': stack.workers[0]! };
});
afterAll(async () => {
  await stack.close();
  for (const way of [...opened.database, ...opened.redis]) await way.close();
});

test(
  'nothing is lost, and nothing grows',
  async () => {
    const moments: Measures[] = [];
    const problems: string[] = [];
    for (let minute = 0; minute < MINUTES; minute++) {
      const beganMs = performance.now();
      const [fault, make] = SOAK_FAULTS[minute % SOAK_FAULTS.length]!;
      const found = await spendMinute(minute, make);
      await passADay();
      const measures = await takeMeasures(stack, veterans);
      moments.push(measures);
      problems.push(...found.violations.map((violation) => `minute ${minute + 1} (${fault}): ${violation}`));
      const seconds = ((performance.now() - beganMs) / 1000).toFixed(0);
      console.log(
        `minute ${minute + 1}: ${fault}; ${found.tasks} tasks in ${seconds} s, ${found.violations.length} violations`,
      );
      await delay(Math.max(0, beganMs + MINUTE_MS - performance.now()));
    }
    console.log(`\n${tellGrowth(moments)}`);
    await writeFile(join(FOLDER, 'measures.json'), JSON.stringify(moments, null, 2));
    expect(problems).toEqual([]);
    expect(findGrowth(moments, LIMITS)).toEqual([]);
  },
  (MINUTES + 10) * 4 * MINUTE_MS,
);

async function spendMinute(
  minute: number,
  make: (context: SoakContext) => Promise<void>,
): Promise<{ tasks: number; violations: string[] }> {
  stack.receiver.forget();
  const workload = new Workload(stack);
  workload.create(planMinute(minute), PAUSE_MS);
  await delay(HALF_MS);
  const isVeteran = (process: Stack['apis'][number]) => Object.values(veterans).includes(process);
  await make({ stack, ways: opened, isVeteran });
  await delay(HALF_MS);
  workload.stopCreating();
  await workload.untilEnded(END_LIMIT_MS);
  const facts = await readFacts(stack.database, workload.history);
  await writeHistory(minute, facts);
  const violations = await findViolations(facts, stack.database, { zombies: true });
  return { tasks: facts.rows.size, violations: [...workload.clients.wrong, ...violations] };
}

/** Random DAGs, and first of all a workflow. */
function* planMinute(minute: number): Generator<PlannedBatch> {
  const workflow = generateWorkflow({ seed: minute, tasks: WORKFLOW_TASKS, levels: 6, fanIn: 50 });
  yield planWorkflow(workflow, String(minute), WORKFLOW_WORK_MS);
  for (let next = minute * 10_000; ; next++) yield planBatch(next, BATCH_SIZE);
}

/** Rows that are kept for a while are as old as if a day had passed; what is done away with by age is gone after that. */
async function passADay(): Promise<void> {
  const { pool } = stack.database;
  await delay(REST_MS);
  const columns = {
    action: 'used_at',
    rule_set: 'used_at',
    idempotency_key: 'created_at',
    lane: 'empty_since',
    archived_batch: 'archived_at',
    sample_minute: 'at',
    kind_ends: 'at',
  };
  const clear = async (): Promise<boolean> => {
    for (const [table, column] of Object.entries(columns)) {
      const isOld = `${column} < now() - interval '1 day 1 hour'`;
      await pool.query(
        `update ${table} set ${column} = ${column} - interval '2 days' where ${column} is not null and not ${isOld}`,
      );
    }
    const { rows } = await pool.query<{ left: number }>(`
      select ((select count(*) from batch) + (select count(*) from archived_batch) + (select count(*) from action)
              + (select count(*) from idempotency_key) + (select count(*) from lane))::integer as left`);
    return rows[0]!.left === 0;
  };
  await until('what is a day old is gone', clear, CLEARED_LIMIT_MS);
}

async function writeHistory(minute: number, { history, rows }: Facts): Promise<void> {
  const { batches, starts, notices, attempts } = history;
  const ids = batches.map(({ plan, id, taskIds }) => ({ plan, id, taskIds: Object.fromEntries(taskIds) }));
  const file = join(FOLDER, `minute-${String(minute + 1).padStart(3, '0')}.json`);
  await writeFile(
    file,
    JSON.stringify({ batches: ids, starts, notices, attempts, rows: [...rows.values()] }),
  );
}
