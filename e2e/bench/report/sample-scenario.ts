import type { Measure } from '../scenarios/scenario.ts';
import { judge, type ScenarioResult } from './outcome.ts';

/** What the measures of a sample are, if they are not told. */
const A_MEASURE: Measure = { what: 'tasks', unit: 'tasks/s', bar: { atLeast: 1500 } };

/** A result for tests, with one measure called throughput. */
export function sampleScenario(
  values: readonly number[],
  measure: Measure = A_MEASURE,
  rest: Partial<ScenarioResult> = {},
): ScenarioResult {
  const scenario = {
    name: rest.scenario ?? 'sample',
    what: 'many tasks',
    measures: { throughput: measure },
    prepare: () => Promise.reject(new Error('a sample does not run')),
  };
  const repetitions = values.map((throughput) => ({
    measured: { throughput },
    floors: {},
    memoryMb: { api: 118.2, worker: 109.9 },
  }));
  return { ...judge(scenario, { repetitions, hotShare: 31 }), ...rest };
}
