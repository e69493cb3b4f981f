import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { NewTask } from '@arcrun/client';
import { BUSY, type Claim, claimTasks, renewWorkerLease, startTasks } from '@arcrun/database';
import type { ClaimRoundCost } from '../measure/claim-rounds.ts';
import type { System } from '../system/start-system.ts';
import { claimRounds, compareRounds, roundMeasures } from './compare-rounds.ts';
import { createMany } from './create-many.ts';
import { expectTasks } from './expect-tasks.ts';
import { defineScenario } from './scenario.ts';
import { allAtMost, eachAtMost, ofTenant } from './tenants.ts';

const TENANTS = 20;
const FEW = 100;
const MANY = 100_000;
const MANY_QUICK = 10_000;
/** More than ever run, of all together and of each: the rules are counted and allow everything. */
const LIMIT = 2 * MANY;
/** Tasks that are claimed, and started, at once. */
const SET = 1000;
const LEASE_SECS = 600;

/** Tasks that run, in number: rules count them, and that may cost no more when there are many. */
export const running = defineScenario({
  name: 'running',
  what: `${MANY} tasks (quick: ${MANY_QUICK}) of ${TENANTS} tenants are Running, with a rule for each tenant and one for all`,
  measures: {
    loading: { what: 'creating and starting them', unit: 's' },
    ...roundMeasures(`${FEW} running`, 'all running', { atMost: 1.3 }),
  },
  async prepare(system, { isQuick }) {
    const count = isQuick ? MANY_QUICK : MANY;
    await system.setWorkers(0);
    await run(system, FEW);
    const few = await claimMore(system, FEW);
    const beganMs = performance.now();
    await run(system, count - FEW);
    const loadingMs = performance.now() - beganMs;
    return async () => {
      const many = await claimMore(system, count);
      return {
        loading: loadingMs / 1000,
        ...compareRounds(few, many),
      };
    };
  },
});

const aTask = (system: System, index: number): NewTask =>
  ofTenant(
    system,
    `tenant-${index % TENANTS}`,
    '/hold',
    [allAtMost(LIMIT), eachAtMost(LIMIT)],
    `task-${index}`,
  );

/** Brings that many more tasks to Running by the operations of a worker, without its calls. */
async function run(system: System, count: number): Promise<void> {
  const { db } = system.database;
  const workerId = randomUUID();
  await createMany(system, count, (index) => aTask(system, index));
  await renewWorkerLease(db, { id: workerId, host: hostname(), pid: process.pid }, LEASE_SECS);
  for (;;) {
    const { claims } = await claimTasks(db, workerId, { limit: SET, originRoom: SET });
    if (claims.length === 0) return;
    await start(system, claims);
  }
}

async function start({ database }: System, claims: readonly Claim[]): Promise<void> {
  const starts = claims.map(({ id, claim }) => ({ id, claim, cancelAction: null }));
  const { results } = await startTasks(database.db, starts, { wait: true });
  if (results.some((result) => result === BUSY || result.outcome !== 'started'))
    throw new Error('not all that was claimed could be started');
}

/** Claims tasks of the same tenants. */
async function claimMore(system: System, count: number): Promise<ClaimRoundCost> {
  await expectTasks(system, { Pending: 0, Claimed: 0, Running: count });
  return claimRounds(system, (index) => aTask(system, index));
}
