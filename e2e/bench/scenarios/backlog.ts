import type { NewTask, Rule } from '@arcrun/client';
import { type ClaimRoundCost, measureClaimRounds } from '../measure/claim-rounds.ts';
import { percentile } from '../measure/distribution.ts';
import type { System } from '../system/start-system.ts';
import { measureRate } from './lifecycle.ts';
import { aTask, postTasks, send, type Work, within } from './load.ts';
import { defineScenario } from './scenario.ts';

const TENANTS = 20;
const FEW = 200;
const MANY = 200_000;
/** The largest batch that the API takes. */
const BATCH = 10_000;
const ALLOWED = 10;
const KIND = 'tenant';
const ROUNDS = { rounds: 100, tasks: 50 };

/** Tasks that wait for a rule, in number: they may slow down neither what is allowed, nor the claims. */
export const backlog = defineScenario({
  name: 'backlog',
  what: `${MANY} tasks of ${TENANTS} tenants, all blocked, since each tenant may run one and does`,
  measures: {
    loading: { what: 'creating them', unit: 's' },
    start: {
      what: `an allowed task, from its POST to its on_start, p50 of ${ALLOWED}`,
      unit: 'ms',
      bar: { atMost: 50 },
    },
    slowest: { what: 'the slowest', unit: 'ms' },
    throughput: { what: 'lifecycle of other tasks meanwhile', unit: 'tasks/s' },
    fewRound: { what: `claim of ${ROUNDS.tasks}, ${FEW} blocked`, unit: 'ms' },
    manyRound: { what: `claim of ${ROUNDS.tasks}, ${MANY} blocked`, unit: 'ms' },
    ratio: { what: 'CPU of the latter, times that of the former', unit: '×', bar: { atMost: 1.3 } },
  },
  async prepare(system) {
    await holdAllPlaces(system);
    await system.setWorkers(0);
    await block(system, FEW);
    const few = await claimRounds(system);
    const loadingMs = await block(system, MANY - FEW);
    return async () => {
      await system.setWorkers(0);
      const many = await claimRounds(system);
      await system.setWorkers(1);
      const throughput = await measureRate(system, { tasks: 1000 });
      const starts = await startAllowed(system);
      return {
        loading: loadingMs / 1000,
        start: percentile(starts, 0.5),
        slowest: percentile(starts, 1),
        throughput,
        fewRound: few.timeMs,
        manyRound: many.timeMs,
        ratio: Number.isNaN(few.cpuMs) ? many.timeMs / few.timeMs : many.cpuMs / few.cpuMs,
      };
    };
  },
});

/** Runs one task of each tenant, which does not end. */
async function holdAllPlaces(system: System): Promise<void> {
  await system.receiver.ask('forget');
  await send(system, [postTasks(system, ofTenants(system, TENANTS, '/hold'))]);
  await within('the holders', system.receiver.ask('untilStarted', TENANTS));
}

/** @returns how long it took to create them */
async function block(system: System, count: number): Promise<number> {
  const tasks = ofTenants(system, count, '/hold');
  const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, index) =>
    tasks.slice(index * BATCH, (index + 1) * BATCH),
  );
  const answers = await send(
    system,
    batches.map((batch) => postTasks(system, batch)),
    { concurrency: 2 },
  );
  return Math.max(...answers.map(({ answeredMs }) => answeredMs)) - answers[0]!.sentMs;
}

/** Claims tasks of tenants of their own, which have room. */
function claimRounds(system: System): Promise<ClaimRoundCost> {
  const tasks = Array.from({ length: ROUNDS.tasks }, (_, index) =>
    ofTenant(system, `free-${index % 10}`, '/hold', `task-${index}`, 10),
  );
  const request = postTasks(system, tasks);
  return measureClaimRounds(system, { ...ROUNDS, create: () => send(system, [request]) });
}

/** @returns how long each of several allowed tasks, one after another, waited for its call */
async function startAllowed(system: System): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < ALLOWED; index++) {
    await system.receiver.ask('forget');
    const ended = within('the allowed task', system.receiver.ask('untilEnded', 1));
    const [answer] = await send(system, [postTasks(system, [ofTenant(system, `late-${index}`, '/end')])]);
    await ended;
    const [record] = await system.receiver.ask('records');
    times.push(record!.startArrivedMs - answer!.sentMs);
  }
  return times;
}

const ofTenants = (system: System, count: number, work: Work): NewTask[] =>
  Array.from({ length: count }, (_, index) =>
    ofTenant(system, `tenant-${index % TENANTS}`, work, `task-${index}`),
  );

const ofTenant = (system: System, tenant: string, work: Work, id = 'task', atMost = 1): NewTask =>
  aTask(system, id, work, { kind: KIND, metadata: { tenant_id: tenant }, rules: [runningAtMost(atMost)] });

const runningAtMost = (limit: number): Rule => ({
  type: 'Concurency',
  max_concurency: limit,
  matcher: { status: 'Running', kind: KIND, fields: ['tenant_id'] },
});
