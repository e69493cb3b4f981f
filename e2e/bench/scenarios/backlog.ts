import type { NewTask } from '@arcrun/client';
import type { ClaimRoundCost } from '../measure/claim-rounds.ts';
import { percentile } from '../measure/distribution.ts';
import type { System } from '../system/start-system.ts';
import { claimRounds, compareRounds, roundMeasures } from './compare-rounds.ts';
import { createMany } from './create-many.ts';
import { expectTasks } from './expect-tasks.ts';
import { measureRate } from './lifecycle.ts';
import { postTasks, send, within } from './load.ts';
import { defineScenario } from './scenario.ts';
import { eachAtMost, ofTenant } from './tenants.ts';

const TENANTS = 20;
const FEW = 200;
const MANY = 200_000;
const MANY_QUICK = 50_000;
const ALLOWED = 10;
const OTHERS = 1000;
/** Tenants whose tasks the rounds claim. */
const FREE_TENANTS = 10;

/** Tasks that wait for a rule, in number: they may slow down neither what is allowed, nor the claims. */
export const backlog = defineScenario({
  name: 'backlog',
  what: `${MANY} tasks (quick: ${MANY_QUICK}) of ${TENANTS} tenants, all blocked, since each tenant may run one and does`,
  measures: {
    loading: { what: 'creating them', unit: 's' },
    start: {
      what: `an allowed task, from its POST to its on_start, p50 of ${ALLOWED}`,
      unit: 'ms',
      bar: { atMost: 50 },
    },
    slowest: { what: 'the slowest of them', unit: 'ms' },
    throughput: { what: 'lifecycle of other tasks meanwhile', unit: 'tasks/s' },
    ...roundMeasures(`${FEW} blocked`, 'all blocked', { atMost: 1.3 }),
  },
  async prepare(system, { isQuick }) {
    const blocked = isQuick ? MANY_QUICK : MANY;
    await holdAllPlaces(system);
    await system.setWorkers(0);
    await createMany(system, FEW, (index) => aBlockedTask(system, index));
    const few = await claimOthers(system, FEW);
    const loadingMs = await createMany(system, blocked - FEW, (index) => aBlockedTask(system, index));
    return async () => {
      await system.setWorkers(0);
      const many = await claimOthers(system, blocked);
      await system.setWorkers(1);
      const throughput = await measureRate(system, { tasks: OTHERS });
      const starts = await startAllowed(system);
      return {
        loading: loadingMs / 1000,
        start: percentile(starts, 0.5),
        slowest: percentile(starts, 1),
        throughput,
        ...compareRounds(few, many),
      };
    };
  },
});

const aBlockedTask = (system: System, index: number): NewTask =>
  ofTenant(system, `tenant-${index % TENANTS}`, '/hold', [eachAtMost(1)], `task-${index}`);

/** Runs one task of each tenant, which does not end. */
async function holdAllPlaces(system: System): Promise<void> {
  await system.receiver.ask('forget');
  await createMany(system, TENANTS, (index) => aBlockedTask(system, index));
  await within('the holders', system.receiver.ask('untilStarted', TENANTS));
}

/** Claims tasks of tenants that have room, while others are blocked. */
async function claimOthers(system: System, blocked: number): Promise<ClaimRoundCost> {
  await expectTasks(system, { Pending: blocked, Running: TENANTS });
  return claimRounds(system, (index) =>
    ofTenant(system, `free-${index % FREE_TENANTS}`, '/hold', [eachAtMost(FREE_TENANTS)], `task-${index}`),
  );
}

/** @returns how long each of several allowed tasks, one after another, waited for its call */
async function startAllowed(system: System): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < ALLOWED; index++) {
    await system.receiver.ask('forget');
    const ended = within('the allowed task', system.receiver.ask('untilEnded', 1));
    const task = ofTenant(system, `late-${index}`, '/end', [eachAtMost(1)]);
    const [answer] = await send(system, [postTasks(system, [task])]);
    await ended;
    const [record] = await system.receiver.ask('records');
    times.push(record!.startArrivedMs - answer!.sentMs);
  }
  return times;
}
