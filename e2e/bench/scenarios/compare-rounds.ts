import type { NewTask } from '@arcrun/client';
import { type ClaimRoundCost, measureClaimRounds } from '../measure/claim-rounds.ts';
import type { System } from '../system/start-system.ts';
import { postTasks, send } from './load.ts';
import type { Measure } from './scenario.ts';

/** How many tasks each round claims. */
export const CLAIMED = 50;
const ROUNDS = 100;

/** What is told of claim rounds in two situations: among few tasks of some sort, and among many. */
export const roundMeasures = (few: string, many: string, { atMost }: { atMost: number }) =>
  ({
    fewRound: { what: `claim of ${CLAIMED}, ${few}: time`, unit: 'ms' },
    manyRound: { what: `claim of ${CLAIMED}, ${many}: time`, unit: 'ms' },
    fewCpu: { what: `claim of ${CLAIMED}, ${few}: CPU of Postgres`, unit: 'ms' },
    manyCpu: { what: `claim of ${CLAIMED}, ${many}: CPU of Postgres`, unit: 'ms' },
    ratio: { what: `CPU of a claim, ${many}, times that with ${few}`, unit: '×', bar: { atMost } },
  }) satisfies Record<string, Measure>;

/** The numbers for these measures. Where the CPU cannot be read, the times are compared. */
export const compareRounds = (few: ClaimRoundCost, many: ClaimRoundCost) => ({
  fewRound: few.timeMs,
  manyRound: many.timeMs,
  fewCpu: few.cpuMs,
  manyCpu: many.cpuMs,
  ratio: Number.isNaN(many.cpuMs) ? many.timeMs / few.timeMs : many.cpuMs / few.cpuMs,
});

/**
 * What a claim round costs when as many tasks are created before each as it claims.
 *
 * @param taskOf makes the one with this number, from 0
 */
export function claimRounds(system: System, taskOf: (index: number) => NewTask): Promise<ClaimRoundCost> {
  let created = 0;
  const create = (): Promise<unknown> => {
    const tasks = Array.from({ length: CLAIMED }, () => taskOf(created++));
    return send(system, [postTasks(system, tasks)]);
  };
  return measureClaimRounds(system, { rounds: ROUNDS, tasks: CLAIMED, create });
}
