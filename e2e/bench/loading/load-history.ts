import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Database } from '@arcrun/database';
import { dropIndexes, listIndexes } from './indexes.ts';

type Pool = Database['pool'];

export interface HistoryOptions {
  /** How many there are to be, in whole hundreds; each has 100 tasks on average. */
  readonly batches: number;
  /** How many of the newest have not ended. */
  readonly liveBatches: number;
  /** A task that the API has created, with one `on_success` action: its actions and its lane are those of all. */
  readonly templateTaskId: string;
}

const LARGE_TABLES = ['task', 'task_state', 'link'];

/** Two connections use two cores; each sorts in memory. */
const CONNECTIONS = 2;
const SESSION = `
  set maintenance_work_mem = '512MB';
  set max_parallel_maintenance_workers = 0;
  set max_parallel_workers_per_gather = 0;
  set work_mem = '256MB';
  set jit = off;
  set search_path = public`;

/**
 * Writes tasks straight into the tables, as the API and the workers would have left them (plan.sql tells what there
 * is), and leaves the tables vacuumed and analyzed. No worker may run before the caller is done with them.
 *
 * @param pool with two connections, at least
 * @throws when it would leave other indexes than it has found
 */
export async function loadHistory(pool: Pool, options: HistoryOptions): Promise<void> {
  const before = await listIndexes(pool);
  await plan(pool, options);
  const indexes = await dropIndexes(pool, LARGE_TABLES);
  await runEach(pool, [
    await statements('tasks.sql'),
    `${await statements('states.sql')}; ${await statements('links.sql')}`,
  ]);
  const batches = `${await statements('batches.sql')}; ${await statements('notifications.sql')}`;
  await runEach(pool, [batches, ...indexes]);
  await pool.query('drop schema history cascade');
  await runEach(
    pool,
    [...LARGE_TABLES, 'batch', 'delivery', 'arrived', 'settled_change'].map(
      (table) => `vacuum analyze ${table}`,
    ),
  );
  if (!isDeepStrictEqual(await listIndexes(pool), before)) {
    throw new Error('the indexes are not those that were there before the loading');
  }
}

async function plan(pool: Pool, { batches, liveBatches, templateTaskId }: HistoryOptions): Promise<void> {
  await pool.query(await statements('settings.sql'));
  await pool.query(
    `insert into history.settings (batches, live_batches, on_start, on_success, origin, lane)
     select $1, $2, t.on_start, t.on_success[1], a.origin, s.lane
     from task t join task_state s on s.id = t.id join action a on a.hash = t.on_start
     where t.id = $3`,
    [batches, liveBatches, templateTaskId],
  );
  await pool.query(await statements('plan.sql'));
}

/** Runs statements in turn, as many at once as there are connections. */
async function runEach(pool: Pool, jobs: readonly string[]): Promise<void> {
  const turns = jobs.values();
  const run = async (): Promise<void> => {
    const client = await pool.connect();
    try {
      await client.query(SESSION);
      for (const job of turns) await client.query(job);
    } finally {
      // Its settings go with it.
      client.release(true);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, run));
}

const statements = (file: string): Promise<string> => readFile(join(import.meta.dirname, file), 'utf8');
