import type { ProcessName, System } from '../system/start-system.ts';
import { type CpuTimes, cpuUsed, readCpuTimes } from './cpu-time.ts';

/** The parts of the system under test; the generator and the receiver are the world. */
const SYSTEM = ['api', 'worker', 'postgres', 'redis'] as const satisfies readonly ProcessName[];

/** What a load cost, in ms of CPU for each of the things that it was made of. */
export interface Costs {
  readonly each: CpuTimes<ProcessName>;
  /** The sum over API, workers, Postgres and Redis. */
  readonly system: number;
}

/**
 * Measures what a load costs.
 *
 * @param count of the things (tasks, calls) that the cost is told for
 * @returns what the load gave, and its costs
 */
export async function measureCosts<T>(
  system: System,
  count: number,
  load: () => Promise<T>,
): Promise<[T, Costs]> {
  const before = readCpuTimes(system.pids());
  const given = await load();
  const used = cpuUsed(before, readCpuTimes(system.pids()));
  const each = Object.fromEntries(
    Object.entries(used).map(([name, ms]) => [name, ms / count]),
  ) as CpuTimes<ProcessName>;
  return [given, { each, system: SYSTEM.reduce((sum, name) => sum + each[name], 0) }];
}
