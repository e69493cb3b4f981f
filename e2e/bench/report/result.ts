import type { MachineDescription } from '../measure/machine.ts';
import type { Outcome, ScenarioResult } from './outcome.ts';

/** What a run of the benchmark leaves: to be drawn, and to be compared with others. */
export interface BenchResult {
  /** RFC 3339. */
  readonly finished_at: string;
  readonly machine: MachineDescription;
  readonly met: boolean;
  readonly scenarios: readonly ScenarioResult[];
}

/**
 * Reads what a run has written. JSON has no NaN: what was not measured stands there as null.
 *
 * @throws when it is no such result
 */
export function readResult(text: string): BenchResult {
  const result = JSON.parse(text) as Partial<BenchResult> | null;
  if (!Array.isArray(result?.scenarios) || result.machine === undefined)
    throw new Error('this is no result of the benchmark');
  const read = result as BenchResult;
  return { ...read, scenarios: read.scenarios.map(withNaN) };
}

const number = (value: number | null): number => value ?? Number.NaN;
const numbers = (values: readonly number[]): number[] => values.map(number);

function withNaN(scenario: ScenarioResult): ScenarioResult {
  const { outcomes, floors, memory_mb, hot_share } = scenario;
  const named = Object.entries(floors).map(([name, { per_second, cpu_ms }]) => [
    name,
    { per_second: numbers(per_second), cpu_ms: numbers(cpu_ms) },
  ]);
  return {
    ...scenario,
    outcomes: outcomes.map((outcome): Outcome => {
      return { ...outcome, value: number(outcome.value), values: numbers(outcome.values) };
    }),
    floors: Object.fromEntries(named) as ScenarioResult['floors'],
    memory_mb: { api: numbers(memory_mb.api), worker: numbers(memory_mb.worker) },
    hot_share: number(hot_share),
  };
}
