import { median } from '../measure/distribution.ts';
import type { Repetition, ScenarioRun } from '../run-scenario.ts';
import type { Measure, Scenario } from '../scenarios/scenario.ts';
import { separateThousands } from './format-number.ts';

/** What came out for one measure. */
export interface Outcome extends Measure {
  readonly measure: string;
  /** One for each repetition. */
  readonly values: readonly number[];
  /** Their median: what is held against the bar. */
  readonly value: number;
  /** Null without a bar. */
  readonly met: boolean | null;
}

/** What a plain library gave, once for each repetition. */
export interface FloorResult {
  readonly per_second: readonly number[];
  /** CPU of one, in ms. */
  readonly cpu_ms: readonly number[];
}

/** What came out of one scenario. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly what: string;
  /** Whether every bar was. */
  readonly met: boolean;
  readonly outcomes: readonly Outcome[];
  /** By the name of the floor. */
  readonly floors: Readonly<Record<string, FloorResult>>;
  /** Peaks of resident memory, once for each repetition. */
  readonly memory_mb: { readonly api: readonly number[]; readonly worker: readonly number[] };
  /** Percent of the updates of tasks that wrote into no index. */
  readonly hot_share: number;
}

/** Holds what the repetitions of a scenario gave against its bars. */
export function judge(scenario: Scenario, { repetitions, hotShare }: ScenarioRun): ScenarioResult {
  const outcomes = Object.entries(scenario.measures).map(([name, measure]) => {
    const values = repetitions.map(({ measured }) => measured[name] ?? Number.NaN);
    const value = median(values);
    const what = separateThousands(measure.what);
    return { measure: name, ...measure, what, values, value, met: isMet(value, measure.bar) };
  });
  return {
    scenario: scenario.name,
    what: separateThousands(scenario.what),
    met: outcomes.every(({ met }) => met !== false),
    outcomes,
    floors: Object.fromEntries((scenario.floors ?? []).map((name) => [name, listFloor(name, repetitions)])),
    memory_mb: {
      api: repetitions.map(({ memoryMb }) => memoryMb.api),
      worker: repetitions.map(({ memoryMb }) => memoryMb.worker),
    },
    hot_share: hotShare,
  };
}

function listFloor(name: keyof Repetition['floors'], repetitions: readonly Repetition[]): FloorResult {
  const all = repetitions.map(({ floors }) => floors[name]!);
  return { per_second: all.map(({ perSecond }) => perSecond), cpu_ms: all.map(({ cpuMs }) => cpuMs) };
}

function isMet(value: number, bar: Measure['bar']): boolean | null {
  if (bar === undefined) return null;
  return 'atLeast' in bar ? value >= bar.atLeast : value <= bar.atMost;
}
