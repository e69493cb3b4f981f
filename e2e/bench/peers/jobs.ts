import { median } from '../measure/distribution.ts';
import { formatExactly } from '../report/format-number.ts';
import type { Order } from './check-starts.ts';
import { BATCH, type RunningContestant, type Start } from './contestant.ts';

const TASKS = 10_000;
const CHAIN_LENGTH = 50;
const FAN_WIDTH = 1000;

export type JobName = 'tasks' | 'chain' | 'fan';

interface Measured {
  readonly starts: readonly Start[];
  readonly value: number;
}

/** What every system is asked to do, and the one number that it is judged by. */
export interface Job {
  readonly name: JobName;
  readonly what: string;
  readonly unit: 'tasks/s' | 'ms';
  readonly tasks: number;
  /** In which the tasks must have begun. */
  readonly order: Order;
  /** Gives nothing where the system has no way to do it. */
  readonly run: (system: RunningContestant) => Promise<Measured | undefined>;
}

export const JOBS: readonly Job[] = [
  {
    name: 'tasks',
    what: `${formatExactly(TASKS)} independent tasks in batches of ${BATCH}, from the first one handed over to the last end stored`,
    unit: 'tasks/s',
    tasks: TASKS,
    order: 'any',
    async run(system) {
      const { starts, perSecond } = await system.runTasks(TASKS);
      return { starts, value: perSecond };
    },
  },
  {
    name: 'chain',
    what: `a chain of ${CHAIN_LENGTH}, from the start of a task to that of the next one (median)`,
    unit: 'ms',
    tasks: CHAIN_LENGTH,
    order: 'one after another',
    async run(system) {
      const starts = await system.runChain(CHAIN_LENGTH);
      const steps = starts.slice(1).map(({ atMs }, index) => atMs - starts[index]!.atMs);
      return { starts, value: median(steps) };
    },
  },
  {
    name: 'fan',
    what: `1 → ${formatExactly(FAN_WIDTH)} → 1, from the start of the first task to that of the last one`,
    unit: 'ms',
    tasks: FAN_WIDTH + 2,
    order: 'first and last',
    async run(system) {
      const starts = await system.runFan?.(FAN_WIDTH);
      return starts && { starts, value: starts.at(-1)!.atMs - starts[0]!.atMs };
    },
  },
];

/** Opens connections, fills caches and has the hot code of every job compiled. */
export async function warmUp(system: RunningContestant): Promise<void> {
  await system.runTasks(2000);
  await system.runChain(20);
  await system.runFan?.(50);
}
