import { formatNumber } from '../../../e2e/bench/report/format-number.ts';
import type { BenchResult } from '../../../e2e/bench/report/result.ts';
import { formatDay } from '../performance/format-day.ts';
import { toTable } from '../to-table.ts';
import { formatBytes } from './format-bytes.ts';
import { readPerTask } from './per-task.ts';

/** What one task costs, and when that was measured. */
export function listCosts(result: BenchResult): string {
  const { cpu, claim, wal, stored, archive, transactions, redisCommands } = readPerTask(result);
  const ms = (value: number): string => `${formatNumber(value)} CPU-ms`;
  const { plain, rich } = cpu;
  const rows = [
    ['API', ms(plain.api), ms(rich.api)],
    ['worker', ms(plain.worker), ms(rich.worker)],
    ['Postgres, all its processes', ms(plain.postgres), ms(rich.postgres)],
    ['of it, the claim in rounds of 50 / of 1,000', `${ms(claim.inFew)} / ${ms(claim.inMany)}`, ''],
    ['Redis', ms(plain.redis), ''],
    ['commands to Redis', formatNumber(redisCommands), ''],
    ['transactions', formatNumber(transactions), ''],
    ['written ahead (WAL)', formatBytes(wal.plain), formatBytes(wal.rich)],
    ['rows and indexes', formatBytes(stored.plain), formatBytes(stored.rich)],
    ['WAL of moving it to the archive', '', formatBytes(archive.wal)],
    ['rows and indexes in the archive', '', formatBytes(archive.stored)],
  ];
  return `Measured on ${formatDay(result.finished_at)}.\n\n${toTable(['of one task', 'plain', 'rich'], rows)}`;
}
