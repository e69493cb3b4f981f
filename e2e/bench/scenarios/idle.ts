import { setTimeout as delay } from 'node:timers/promises';
import { readCommands } from '../measure/commands.ts';
import { measureCosts } from '../measure/costs.ts';
import { readMemoryMb } from '../measure/memory.ts';
import type { System } from '../system/start-system.ts';
import { defineScenario } from './scenario.ts';
import { warmUp } from './warm-up.ts';

/** A whole number of the periods that things are done in without work: 5, 10 and 15 s. */
const SECONDS = 30;
const SECONDS_QUICK = 10;
/** Until the last of what went before is over: garbage is collected 10 s after work, and V8 gives back the rest 10 s later. */
const SETTLE_SECONDS = 25;

/** What a system costs that has nothing to do. */
export const idle = defineScenario({
  name: 'idle',
  what: `nothing to do for ${SECONDS} s (quick: ${SECONDS_QUICK}), in each repetition, after the warm-up's work; once before it, just started`,
  measures: {
    apiCpu: { what: 'CPU of the API, of a core', unit: '%', bar: { atMost: 1 } },
    workerCpu: { what: 'CPU of the worker, of a core', unit: '%', bar: { atMost: 1 } },
    postgresCpu: { what: 'CPU of Postgres, background included', unit: '%' },
    redisCpu: { what: 'CPU of Redis', unit: '%' },
    apiMemory: { what: 'memory of the API after work', unit: 'MB', bar: { atMost: 120 } },
    workerMemory: { what: 'memory of the worker after work', unit: 'MB', bar: { atMost: 120 } },
    apiFresh: { what: 'memory of the API, just started', unit: 'MB', bar: { atMost: 120 } },
    workerFresh: { what: 'memory of the worker, just started', unit: 'MB', bar: { atMost: 120 } },
    postgres: { what: 'transactions of Postgres', unit: '/s' },
    redis: { what: 'commands of Redis', unit: '/s' },
  },
  async prepare(system, { isQuick }) {
    const seconds = isQuick ? SECONDS_QUICK : SECONDS;
    await startAnew(system);
    await delay(SETTLE_SECONDS * 1000);
    const fresh = readMemory(system);
    await warmUp(system);
    await delay(SETTLE_SECONDS * 1000);
    return async () => {
      const before = await readCommands(system);
      const [, { each }] = await measureCosts(system, seconds, () => delay(seconds * 1000));
      const after = await readCommands(system);
      const worked = readMemory(system);
      return {
        apiCpu: percentOfCore(each.api),
        workerCpu: percentOfCore(each.worker),
        postgresCpu: percentOfCore(each.postgres),
        redisCpu: percentOfCore(each.redis),
        apiMemory: worked.api,
        workerMemory: worked.worker,
        apiFresh: fresh.api,
        workerFresh: fresh.worker,
        postgres: (after.postgres - before.postgres) / seconds,
        redis: (after.redis - before.redis) / seconds,
      };
    };
  },
});

async function startAnew(system: System): Promise<void> {
  await system.crashApi();
  await system.setWorkers(0);
  await system.setWorkers(1);
}

/** Resident, in MB. */
function readMemory(system: System): { readonly api: number; readonly worker: number } {
  const { api, worker } = system.pids();
  return { api: readMemoryMb(api[0]!), worker: readMemoryMb(worker[0]!) };
}

/** @param cpuMs in a second */
const percentOfCore = (cpuMs: number): number => cpuMs / 10;
