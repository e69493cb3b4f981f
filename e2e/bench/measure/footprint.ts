import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@arcrun/database';
import type { System } from '../system/start-system.ts';
import { readCommands } from './commands.ts';
import { type Costs, measureCosts } from './costs.ts';

const STATISTICS_MS = 1200;

/** What a load has used for each of its tasks. */
export interface Footprint {
  /** In ms. */
  readonly cpu: Costs['each'];
  /** Bytes written ahead by the whole server. */
  readonly wal: number;
  /** Bytes that tables and their indexes grew by, without what dead rows take. */
  readonly stored: number;
  /** Of them, those of the archive. */
  readonly archived: number;
  readonly transactions: number;
  /** Commands to Redis, those inside of scripts too. */
  readonly redisCommands: number;
}

/** Measures what a load of so many tasks uses. */
export async function measureFootprint(
  system: System,
  tasks: number,
  load: () => Promise<unknown>,
): Promise<Footprint> {
  // Sizes are read outermost, since the way to them writes a lot itself.
  const sizesBefore = await readSizes(system.database);
  const before = await readCounters(system);
  const [, { each: cpu }] = await measureCosts(system, tasks, load);
  // Backends tell what they did within a second after it.
  await delay(STATISTICS_MS);
  const after = await readCounters(system);
  const sizesAfter = await readSizes(system.database);
  return {
    cpu,
    wal: (after.wal - before.wal) / tasks,
    stored: (sizesAfter.stored - sizesBefore.stored) / tasks,
    archived: (sizesAfter.archived - sizesBefore.archived) / tasks,
    transactions: (after.transactions - before.transactions) / tasks,
    redisCommands: (after.redisCommands - before.redisCommands) / tasks,
  };
}

async function readCounters(system: System) {
  const { postgres: transactions, redis: redisCommands } = await readCommands(system);
  const { rows } = await system.database.pool.query<{ wal: number }>(
    `select (pg_current_wal_lsn() - '0/0')::float8 as wal`,
  );
  return { wal: rows[0]!.wal, transactions, redisCommands };
}

async function readSizes({ pool }: Database) {
  const names = await pool.query<{ relname: string }>('select relname from pg_stat_user_tables');
  await pool.query(`vacuum full ${names.rows.map(({ relname }) => `"${relname}"`).join(', ')}`);
  const { rows } = await pool.query<{ name: string; bytes: string }>(
    'select relname as name, pg_total_relation_size(relid) as bytes from pg_stat_user_tables',
  );
  const sum = (tables: typeof rows): number =>
    tables.reduce((bytes, table) => bytes + Number(table.bytes), 0);
  return { stored: sum(rows), archived: sum(rows.filter(({ name }) => name.startsWith('archived_'))) };
}
