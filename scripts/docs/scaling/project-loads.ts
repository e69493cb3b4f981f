import { formatNumber } from '../../../e2e/bench/report/format-number.ts';
import { toTable } from '../to-table.ts';
import { formatBytes } from './format-bytes.ts';
import type { PerTask } from './per-task.ts';

/** What two cores are held to (tasks a second); the loads are multiples of it. */
const BASE_RATE = 1500;
const FACTORS = [1, 10, 100, 1000];
const DAY_SECS = 86_400;
/** How long the receivers of the example take, and how many calls one worker has open at most by default. */
const RECEIVER_SECS = 0.1;
const CALLS_OF_A_WORKER = 256;

/** One row: what a rate of tasks a second needs. */
interface Need {
  readonly what: string;
  readonly at: (rate: number) => string;
}

/** What each load needs of each part, by multiplication alone. */
export function projectLoads(task: PerTask): string {
  const needs: readonly Need[] = [
    { what: 'tasks/s', at: (rate) => `**${formatCount(rate)}**` },
    { what: 'tasks in a day at that rate', at: (rate) => `${formatNumber((rate * DAY_SECS) / 1e9)} billion` },
    { what: 'API, plain / rich', at: cores(task.cpu.plain.api, task.cpu.rich.api) },
    { what: 'workers, plain / rich', at: cores(task.cpu.plain.worker, task.cpu.rich.worker) },
    {
      what: `workers, if receivers take ${RECEIVER_SECS * 1000} ms`,
      at: (rate) => formatCount((rate * RECEIVER_SECS) / CALLS_OF_A_WORKER),
    },
    { what: 'Postgres, plain / rich', at: cores(task.cpu.plain.postgres, task.cpu.rich.postgres) },
    { what: 'claim rounds of 50 at once, of 1 that can be', at: atOnce(task.claim.inFew) },
    { what: 'the same in rounds of 1,000', at: atOnce(task.claim.inMany) },
    { what: 'transactions/s', at: (rate) => formatCount(rate * task.transactions) },
    { what: 'WAL, plain', at: (rate) => formatBytes(rate * task.wal.plain, '/s') },
    { what: 'WAL, rich', at: (rate) => formatBytes(rate * task.wal.rich, '/s') },
    { what: 'WAL of the archive, rich', at: (rate) => formatBytes(rate * task.archive.wal, '/s') },
    { what: 'stored in a day, plain', at: (rate) => formatBytes(rate * DAY_SECS * task.stored.plain) },
    { what: 'stored in a day, rich', at: (rate) => formatBytes(rate * DAY_SECS * task.stored.rich) },
    { what: 'Redis', at: cores(task.cpu.plain.redis) },
  ];
  return toTable(
    ['', ...FACTORS.map((factor) => `${formatCount(factor)}×`)],
    needs.map(({ what, at }) => [what, ...FACTORS.map((factor) => at(BASE_RATE * factor))]),
  );
}

const cores =
  (...cpuMs: number[]) =>
  (rate: number) =>
    `${cpuMs.map((ms) => formatNumber((rate * ms) / 1000)).join(' / ')} cores`;

/** How many of something are under way at any moment, when each takes so many milliseconds. */
const atOnce = (ms: number) => (rate: number) => formatNumber((rate * ms) / 1000);

const formatCount = (value: number): string =>
  Number.isFinite(value) ? Math.ceil(value).toLocaleString('en-US') : '?';
