import { readdirSync } from 'node:fs';
import type { RunningProcess } from '../../harness/processes.ts';
import type { Stack } from '../../harness/stack.ts';
import { readMemoryMb } from '../../bench/measure/memory.ts';
import { Redis } from 'ioredis';
import type { Limit, Measures } from './judge-growth.ts';

/** What of each may be more without that it grows. */
export const LIMITS: readonly Limit[] = [
  { prefix: 'memory', share: 0.1, amount: 10 },
  { prefix: 'open files', share: 0, amount: 5 },
  // What the work before has left: none of it is for ever.
  { prefix: 'rows', share: 0, amount: 20 },
  { prefix: 'dead rows', share: 0.5, amount: 20_000 },
  { prefix: 'size', share: 0.25, amount: 2 },
  { prefix: 'Redis keys', share: 0, amount: 20 },
  { prefix: 'Redis memory', share: 0.2, amount: 2 },
];

/** Processes that live as long as the soak does. */
export type Veterans = Readonly<Record<string, RunningProcess>>;

/** Looks at what there is while nothing is at work. Memory and sizes in MB. */
export async function takeMeasures(stack: Stack, veterans: Veterans): Promise<Measures> {
  return {
    ...Object.fromEntries(
      Object.entries(veterans).flatMap(([name, { child }]) => [
        [`memory of ${name}`, readMemoryMb(child.pid!)],
        [`open files of ${name}`, countOpenFiles(child.pid!)],
      ]),
    ),
    ...(await measureDatabase(stack)),
    ...(await measureRedis(stack)),
  };
}

async function measureDatabase({ database }: Stack): Promise<Measures> {
  const { rows: tables } = await database.pool.query<{
    name: string;
    dead: string;
    table: string;
    indexes: string;
  }>(`
    select relname as name, n_dead_tup as dead, pg_table_size(relid) as table, pg_indexes_size(relid) as indexes
    from pg_stat_user_tables where schemaname = 'public' order by relname`);
  const counts = await database.pool.query<{ name: string; rows: string }>(
    tables.map(({ name }) => `select '${name}' as name, count(*) as rows from ${name}`).join(' union all '),
  );
  const sum = (of: (table: (typeof tables)[number]) => string) =>
    tables.reduce((all, table) => all + Number(of(table)), 0);
  return {
    ...Object.fromEntries(counts.rows.map(({ name, rows }) => [`rows of ${name}`, Number(rows)])),
    'dead rows': sum(({ dead }) => dead),
    'size of tables': sum(({ table }) => table) / 1e6,
    'size of indexes': sum(({ indexes }) => indexes) / 1e6,
  };
}

async function measureRedis({ redis }: Stack): Promise<Measures> {
  const client = new Redis(redis.url);
  const keys = await client.dbsize();
  const info = await client.info('memory');
  client.disconnect();
  const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
  return { 'Redis keys': keys, 'Redis memory': used / 1e6 };
}

/** NaN where there is no /proc. */
function countOpenFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN;
  }
}
