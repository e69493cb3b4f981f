import { countDeadlocks, findViolations as findRowViolations } from '@arcrun/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';
import { driveScenario } from './run/drive-scenario.ts';
import { generateScenario } from './scenario/generate-scenario.ts';
import type { History } from './run/history.ts';
import { findViolations } from './model.ts';
import { realWorld } from './run/real-world.ts';
import type { World } from './run/world.ts';

// Random scenarios run through the real system, two API and three worker processes at once, and whatever is seen of
// them must be something that the model allows. All of it runs with the Redis lock around claims, and without it.

const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 16);
const FIRST_SEED = Number(process.env['MODEL_FIRST_SEED'] ?? 1);
const AT_ONCE = 16;

const MODES = [
  { mode: 'with the claim lock', inlineLimit: 1000, settings: {} },
  // Long cascades are put off here as well.
  { mode: 'without the claim lock', inlineLimit: 5, settings: { CLAIM_LOCK_ENABLED: '0' } },
];

// proves: lifecycle/batches-end, lifecycle/terminal-for-ever, webhooks/at-least-once, webhooks/start-once,
// rules/atomic
describe.each(MODES)('$mode', ({ inlineLimit, settings }) => {
  let stack: Stack;
  let repeatedStarts = 0;

  beforeAll(async () => {
    stack = await startStack({
      apis: 2,
      workers: 3,
      settings: {
        PROPAGATION_INLINE_LIMIT: String(inlineLimit),
        // Receivers that break connections off are wanted here, and none of them speaks for the others.
        CIRCUIT_BREAKER_FAILURE_THRESHOLD: '1000',
        WEBHOOK_RETRY_BACKOFF_BASE_SECS: '1',
        // A busy machine is no dead worker and no dead receiver.
        WORKER_LEASE_SECS: '120',
        WORKER_CLAIM_TIMEOUT_SECS: '120',
        WEBHOOK_TIMEOUT_SECS: '60',
        ...settings,
      },
    });
  });
  afterAll(() => stack.close());

  test(
    `seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1}: all that is seen is allowed`,
    { timeout: 60_000 + SEEDS * 5000 },
    async () => {
      const world = realWorld(stack, inlineLimit);
      const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);
      const found: string[] = [];
      const work = async (): Promise<void> => {
        for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
          found.push(...(await violationsOf(seed, world)));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      expect(stack.receiver.errors).toEqual([]);
      expect(found).toEqual([]);
    },
  );

  test('places and lanes agree with the tasks, and nothing had to be mended', async () => {
    expect(await findRowViolations(stack.database.db)).toEqual([]);
    const printed = [...stack.apis, ...stack.workers]
      .map(({ name, output }) => `${name}: ${output()}`)
      .join('\n');
    expect(await stack.metric('places_mended_total'), printed).toBe(0);
    expect(await stack.metric('lost_doorbells_total'), printed).toBe(0);
    // No worker died, so nobody is called again.
    expect(await stack.metric('claims_handed_back_total'), printed).toBe(0);
    expect(repeatedStarts).toBe(0);
  });

  test('nobody waited for each other', async () => {
    // Postgres writes down a connection's deadlocks when it ends.
    await Promise.all([...stack.apis, ...stack.workers].map((each) => each.stop()));
    expect(await countDeadlocks(stack.database.db)).toBe(0);
  });

  /** Each with the seed, by which it can be run again: MODEL_FIRST_SEED=<seed> MODEL_SEEDS=1. */
  async function violationsOf(seed: number, world: World): Promise<string[]> {
    try {
      const history = await driveScenario(generateScenario(seed), world);
      repeatedStarts += countRepeatedStarts(history);
      return findViolations(history).map((violation) => `seed ${seed}: ${violation}`);
    } catch (error) {
      return [`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`];
    }
  }
});

function countRepeatedStarts({ calls }: History): number {
  const keys = calls
    .map(({ headers }) => headers['idempotency-key'])
    .filter((key) => key?.includes(':start'));
  return keys.length - new Set(keys).size;
}
