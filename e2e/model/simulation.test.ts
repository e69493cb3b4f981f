import { expect, test } from 'vitest';
import { driveScenario } from './drive-scenario.ts';
import { FAULTY_ENGINES } from './faulty-engines.ts';
import { generateScenario } from './generate-scenario.ts';
import type { History } from './history.ts';
import { findViolations } from './model.ts';
import type { ReferenceEngine } from './reference-engine.ts';
import { inSimulation } from './simulated-world.ts';

const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1);

const simulate = (seed: number, engine?: ReferenceEngine): Promise<History> =>
  inSimulation(seed, (world) => driveScenario(generateScenario(seed), world), engine);

test('the model allows whatever the reference engine does', async () => {
  for (const seed of SEEDS) {
    expect({ seed, violations: findViolations(await simulate(seed)) }).toEqual({ seed, violations: [] });
  }
});

test.each(FAULTY_ENGINES.map((engine) => [engine.name, engine] as const))(
  'it finds out an engine that %s',
  async (_name, Faulty) => {
    const found: number[] = [];
    for (const seed of SEEDS) {
      const violations = await simulate(seed, new Faulty()).then(findViolations, (error: Error) => [
        error.message,
      ]);
      if (violations.length > 0) found.push(seed);
      if (violations.length > 0 && found.length === 1) console.log(Faulty.name, seed, violations[0]);
      if (found.length > 20) break;
    }
    console.log(Faulty.name, found.length, found.at(-1));
    expect(found).not.toEqual([]);
  },
);
