import type { NewTask } from '@arcrun/client';
import type { ClaimRoundCost } from '../measure/claim-rounds.ts';
import { percentile } from '../measure/distribution.ts';
import type { Answer } from '../parties/generator.ts';
import type { TaskRecord } from '../parties/receiver.ts';
import type { System } from '../system/start-system.ts';
import { CLAIMED, claimRounds, compareRounds, roundMeasures } from './compare-rounds.ts';
import { createMany } from './create-many.ts';
import { expectTasks } from './expect-tasks.ts';
import { report, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';
import { allAtMost, eachAtMost, ofTenant } from './tenants.ts';

const TENANTS = 10_000;
const FEW = 200;
const MANY = 200_000;
const MANY_QUICK = 20_000;
/** Of all tenants together, and of each. */
const LIMIT = 100;
const LIMIT_EACH = 10;
const FREED = 10;

/**
 * Many tenants that wait for the same places: each round that finds some free has to find those who may take them
 * among all.
 */
export const globalBacklog = defineScenario({
  name: 'global backlog',
  what: `${MANY} tasks (quick: ${MANY_QUICK}) of ${TENANTS} tenants, all blocked by one rule: ${LIMIT} run of all; and ${LIMIT_EACH} of each tenant`,
  measures: {
    loading: { what: 'creating them', unit: 's' },
    start: {
      what: `from the PATCH that frees a place to the next on_start, p50 of ${FREED}`,
      unit: 'ms',
      bar: { atMost: 50 },
    },
    slowest: { what: 'the slowest of them', unit: 'ms' },
    ...roundMeasures(`${FEW} blocked`, 'all blocked', { atMost: 4 }),
  },
  async prepare(system, { isQuick }) {
    const blocked = isQuick ? MANY_QUICK : MANY;
    await system.receiver.ask('forget');
    const holders = new Holders(system);
    await createMany(system, FEW + LIMIT, (index) => aTaskOfAny(system, index));
    await holders.untilFull();
    const few = await claimFirst(system, holders, FEW);
    await system.setWorkers(0);
    const loadingMs = await createMany(system, blocked - FEW, (index) => aTaskOfAny(system, index));
    return async () => {
      const many = await claimFirst(system, holders, blocked);
      const starts: number[] = [];
      for (let freed = 0; freed < FREED; freed++) starts.push(await startNext(holders));
      // As many wait in each repetition.
      await createMany(system, FREED, (index) => aTaskOfAny(system, index));
      return {
        loading: loadingMs / 1000,
        start: percentile(starts, 0.5),
        slowest: percentile(starts, 1),
        ...compareRounds(few, many),
      };
    };
  },
});

const aTaskOfAny = (system: System, index: number): NewTask =>
  ofTenant(
    system,
    `tenant-${index % TENANTS}`,
    '/hold',
    [allAtMost(LIMIT), eachAtMost(LIMIT_EACH)],
    `task-${index}`,
  );

/** The tasks that hold all places: those that were called and have not been reported. */
class Holders {
  readonly #system: System;
  #reported = 0;

  constructor(system: System) {
    this.#system = system;
  }

  /** Waits until all places are held. Gives the one that came last. */
  async untilFull(): Promise<TaskRecord> {
    const { receiver } = this.#system;
    const called = this.#reported + LIMIT;
    await within('the holders', receiver.ask('untilStarted', called));
    const records = await receiver.ask('records');
    if (records.length !== called)
      throw new Error(`${records.length} calls of on_start instead of ${called}`);
    return records.at(-1)!;
  }

  /** Reports the first ones, in the order of their calls. */
  async end(count: number): Promise<Answer[]> {
    const records = await this.#system.receiver.ask('records');
    const first = records.slice(this.#reported, this.#reported + count);
    this.#reported += count;
    const reports = first.map(({ taskId }) => report(this.#system, taskId, { status: 'Success' }));
    return send(this.#system, reports, { expect: 200 });
  }
}

/** Claims the first of the blocked tasks, for which places are freed. As many are blocked afterwards. */
async function claimFirst(system: System, holders: Holders, blocked: number): Promise<ClaimRoundCost> {
  await system.setWorkers(0);
  await expectTasks(system, { Pending: blocked, Claimed: 0, Running: LIMIT });
  await holders.end(CLAIMED);
  const cost = await claimRounds(system, (index) => aTaskOfAny(system, index));
  await system.setWorkers(1);
  await holders.untilFull();
  await createMany(system, CLAIMED, (index) => aTaskOfAny(system, index));
  return cost;
}

/** @returns how long it took from the end of one task to the call of the next */
async function startNext(holders: Holders): Promise<number> {
  const [answer] = await holders.end(1);
  const next = await holders.untilFull();
  return next.startArrivedMs - answer!.sentMs;
}
