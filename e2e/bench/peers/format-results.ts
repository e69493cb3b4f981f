import { formatNumber, formatSpread } from '../report/format-number.ts';
import type { Result } from './compare.ts';
import type { Job } from './jobs.ts';

/** They play the world around ArcRun; what they do, the handlers of the others do in the worker. */
const AROUND = ['receiver', 'generator'];

/** Which parts of a system each column sums up. */
const CPU_COLUMNS: readonly (readonly [column: string, isCounted: (part: string) => boolean])[] = [
  ['CPU ms/task', (part) => !AROUND.includes(part)],
  ['API or producer', (part) => part === 'api' || part === 'producer'],
  ['worker', (part) => part === 'worker'],
  ['Postgres', (part) => part === 'postgres'],
  ['Redis', (part) => part === 'redis'],
  ['around it', (part) => AROUND.includes(part)],
];

/** CPU time is counted in hundredths of a second: of fewer tasks it says nothing. */
const ENOUGH_TASKS = 500;

/** The header and a row for each system, in the order in which they are given. */
export function tabulate(job: Job, results: readonly Result[]): string[][] {
  const hasSpread = results.some(({ values }) => values.length > 1);
  const columns = job.tasks < ENOUGH_TASKS ? [] : CPU_COLUMNS;
  const header = ['system', job.unit, hasSpread ? 'from – to' : [], columns.map(([column]) => column)];
  const rows = results.map(({ system, values, median, cpu }) => {
    if (median === null) return [system, 'can’t', hasSpread ? '' : [], columns.map(() => '')];
    const spent = columns.map(([, isCounted]) => sumOf(cpu, isCounted).toFixed(2));
    return [system, formatNumber(median), hasSpread ? formatSpread(values) : [], spent];
  });
  return [header, ...rows].map((row) => row.flat());
}

const sumOf = (cpu: Result['cpu'], isCounted: (part: string) => boolean): number =>
  Object.entries(cpu).reduce((sum, [part, ms]) => (isCounted(part) ? sum + ms : sum), 0);
