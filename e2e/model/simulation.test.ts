import { beforeAll, describe, expect, test } from 'vitest';
import { driveScenario } from './run/drive-scenario.ts';
import { FAULTY_ENGINES } from './simulation/faulty-engines.ts';
import { generateScenario } from './scenario/generate-scenario.ts';
import type { History } from './run/history.ts';
import { findViolations } from './model.ts';
import type { ReferenceEngine } from './simulation/reference-engine.ts';
import { inSimulation } from './simulation/simulated-world.ts';
import { FALSIFICATIONS } from './simulation/wrong-histories.ts';

// The model itself is tested here: on histories of a simulated system, which does what the contract says, and on
// wrong ones.

const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1);

const simulate = (seed: number, engine?: ReferenceEngine): Promise<History> =>
  inSimulation(seed, (world) => driveScenario(generateScenario(seed), world), engine);

let histories: History[];
beforeAll(async () => {
  histories = await Promise.all(SEEDS.map((seed) => simulate(seed)));
}, 60_000);

test('it allows whatever the reference engine does', () => {
  for (const history of histories) {
    const { seed } = history.scenario;
    expect({ seed, violations: findViolations(history) }).toEqual({ seed, violations: [] });
  }
});

test('scenarios follow from their seed alone', async () => {
  expect(generateScenario(7)).toEqual(generateScenario(7));
  expect(await simulate(7)).toEqual(histories[6]);
});

describe('it finds out', () => {
  test.each(FAULTY_ENGINES.map((engine) => [engine.name, engine] as const))(
    'an engine that %s',
    async (_name, Faulty) => {
      for (const seed of SEEDS) {
        // Some faults keep batches from ending.
        const violations = await simulate(seed, new Faulty()).then(findViolations, (error: Error) => [
          error.message,
        ]);
        if (violations.length > 0) return;
      }
      expect.unreachable('no seed finds it');
    },
  );

  test.each(Object.entries(FALSIFICATIONS))('every history in which %s', (_name, falsify) => {
    let falsified = 0;
    for (const history of histories) {
      const wrong = falsify(history);
      if (wrong === null) continue;
      if (++falsified > 25) break;
      const { seed } = history.scenario;
      expect({ seed, isAllowed: findViolations(wrong).length === 0 }).toEqual({ seed, isAllowed: false });
    }
    expect(falsified).toBeGreaterThan(0);
  });
});
