import { setTimeout as delay } from 'node:timers/promises';
import { countDeadlocks, findViolations as findRowViolations } from '@arcrun/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';
import { findViolations } from './model.ts';
import { driveScenario } from './run/drive-scenario.ts';
import { realWorld } from './run/real-world.ts';
import type { World } from './run/world.ts';
import { generateScenario } from './scenario/generate-scenario.ts';

// Random scenarios run through the real system, two API and three worker processes at once, and whatever is seen of
// them must be something that the model allows. All of it runs with the Redis lock around claims and without it, and
// while workers are killed.

const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 12);
const FIRST_SEED = Number(process.env['MODEL_FIRST_SEED'] ?? 1);
const AT_ONCE = 16;
const KILL_PERIOD_MS = 4000;

/** A busy machine is no dead worker and no dead receiver. */
const PATIENT = {
  WORKER_LEASE_SECS: '120',
  WORKER_CLAIM_TIMEOUT_SECS: '120',
  WEBHOOK_TIMEOUT_SECS: '60',
};

const MODES = [
  { mode: 'with the claim lock', inlineLimit: 1000, hasCrashes: false, settings: PATIENT },
  {
    mode: 'without the claim lock',
    // Long cascades are put off here as well.
    inlineLimit: 5,
    hasCrashes: false,
    settings: { ...PATIENT, CLAIM_LOCK_ENABLED: '0' },
  },
  {
    mode: 'while workers are killed',
    inlineLimit: 1000,
    hasCrashes: true,
    settings: { ...PATIENT, WORKER_LEASE_SECS: '2' },
  },
];

// proves: lifecycle/batches-end, lifecycle/terminal-for-ever, webhooks/at-least-once, webhooks/start-once,
// rules/atomic, rules/atomic-crash, webhooks/batch-complete-once
describe.each(MODES)('$mode', ({ inlineLimit, hasCrashes, settings }) => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      apis: 2,
      workers: 3,
      hasFaults: hasCrashes,
      settings: {
        PROPAGATION_INLINE_LIMIT: String(inlineLimit),
        // Receivers that break connections off are wanted here, and none of them speaks for the others.
        CIRCUIT_BREAKER_FAILURE_THRESHOLD: '1000',
        WEBHOOK_RETRY_BACKOFF_BASE_SECS: '1',
        ...settings,
      },
    });
  });
  afterAll(() => stack.close());

  test(
    `seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1}: all that is seen is allowed`,
    { timeout: 60_000 + SEEDS * 5000 },
    async () => {
      const world = realWorld(stack, { inlineLimit, hasCrashes });
      const over = new AbortController();
      const killing = hasCrashes ? killWorkers(stack, over.signal) : undefined;
      const found = await violationsOfAll(world);
      over.abort();
      await killing;
      expect(stack.receiver.errors).toEqual([]);
      expect(found).toEqual([]);
    },
  );

  test('places and lanes agree with the tasks, and nothing had to be mended', async () => {
    expect(await findRowViolations(stack.database.db)).toEqual([]);
    const printed = [...stack.apis, ...stack.workers].map(({ name, output }) => `${name}: ${output()}`);
    const wrong = hasCrashes
      ? ['places_mended_total']
      : ['places_mended_total', 'lost_doorbells_total', 'claims_handed_back_total'];
    for (const metric of wrong) {
      expect(await stack.metric(metric), `${metric}\n${printed.join('\n')}`).toBe(0);
    }
  });

  test('nobody waited for each other', async () => {
    // Postgres writes down a connection's deadlocks when it ends.
    await Promise.all([...stack.apis, ...stack.workers].map((each) => each.stop()));
    expect(await countDeadlocks(stack.database.db)).toBe(0);
  });
});

/** Of all seeds, so many at once. */
async function violationsOfAll(world: World): Promise<string[]> {
  const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);
  const found: string[] = [];
  const work = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      found.push(...(await violationsOf(seed, world)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

/** Each with the seed, by which it can be run again: MODEL_FIRST_SEED=<seed> MODEL_SEEDS=1. */
async function violationsOf(seed: number, world: World): Promise<string[]> {
  try {
    const history = await driveScenario(generateScenario(seed), world);
    return findViolations(history).map((violation) => `seed ${seed}: ${violation}`);
  } catch (error) {
    return [`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** One after another, as a crash would, and puts another in its place. */
async function killWorkers(stack: Stack, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(KILL_PERIOD_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const victim = stack.workers.find(({ child }) => child.exitCode === null && child.signalCode === null)!;
    await victim.kill();
    await stack.startWorker();
  }
}
