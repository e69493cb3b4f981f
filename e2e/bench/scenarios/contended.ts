import { concurrency, matcher } from '@arcrun/client';
import { median } from '../measure/distribution.ts';
import type { System } from '../system/start-system.ts';
import { measureRate } from './lifecycle.ts';
import { aTask } from './load.ts';
import { defineScenario } from './scenario.ts';

const TASKS = 2000;
const TENANTS = 20;
const AT_MOST = 10;
const SHORT_MS = 20;
const LONG_MS = 400;
/** All places are taken all the time: what the work itself allows. */
const IDEAL = (TENANTS * AT_MOST * 1000) / LONG_MS;
/** The short ones, one after another; their median is told. */
const ROUNDS = 3;
const KIND = 'contended';
const ofTheTenant = matcher(KIND, { fields: ['tenant_id'] });

/** Many tasks for few places: those that are freed must be taken again at once, and never one too many. */
export const contended = defineScenario({
  name: 'contended',
  what: `${TASKS} tasks of ${TENANTS} tenants, at most ${AT_MOST} of each at once, ${SHORT_MS} and ${LONG_MS} ms of work`,
  measures: {
    short: { what: `tasks with ${SHORT_MS} ms of work`, unit: 'tasks/s' },
    rate: { what: 'the same tasks without rules and work', unit: 'tasks/s' },
    share: { what: `rate with ${SHORT_MS} ms of work, of that without`, unit: '%', bar: { atLeast: 80 } },
    long: { what: `tasks with ${LONG_MS} ms of work`, unit: 'tasks/s' },
    idealShare: {
      what: `rate with ${LONG_MS} ms of work, of the ideal of ${IDEAL} tasks/s`,
      unit: '%',
      bar: { atLeast: 85 },
    },
    peak: { what: 'tasks of one tenant at work at once, at most', unit: '', bar: { atMost: AT_MOST } },
  },
  prepare: async (system) => async () => {
    const rates: number[] = [];
    const shorts: Contended[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rates.push(await measureRate(system, { tasks: TASKS }));
      shorts.push(await runContended(system, SHORT_MS));
    }
    const long = await runContended(system, LONG_MS);
    const rate = median(rates);
    const short = median(shorts.map((one) => one.rate));
    return {
      short,
      rate,
      share: (short / rate) * 100,
      long: long.rate,
      idealShare: (long.rate / IDEAL) * 100,
      peak: Math.max(...[long, ...shorts].map((one) => one.peak)),
    };
  },
});

interface Contended {
  /** Tasks a second. */
  readonly rate: number;
  /** The largest number of tasks of one tenant that were at work at once. */
  readonly peak: number;
}

async function runContended(system: System, workMs: number): Promise<Contended> {
  const rate = await measureRate(system, {
    tasks: TASKS,
    newTask: (id, index) => {
      const tenant = index % TENANTS;
      return aTask(system, id, `/end?after=${workMs}&tenant=${tenant}`, {
        kind: KIND,
        metadata: { tenant_id: tenant },
        rules: [concurrency(AT_MOST, ofTheTenant)],
      });
    },
  });
  return { rate, peak: await system.receiver.ask('tenantPeak') };
}
