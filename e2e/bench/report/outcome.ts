import { median } from '../measure/distribution.ts';
import type { Measure, Scenario } from '../scenarios/scenario.ts';

/** What came out for one measure. */
export interface Outcome extends Measure {
  readonly scenario: string;
  readonly measure: string;
  /** One for each repetition. */
  readonly values: readonly number[];
  /** Their median: what is held against the bar. */
  readonly value: number;
  /** Null without a bar. */
  readonly met: boolean | null;
}

/** @param runs what each repetition of the scenario gave */
export function judge(
  scenario: Scenario,
  runs: readonly Readonly<Record<string, number>>[],
): readonly Outcome[] {
  return Object.entries(scenario.measures).map(([name, measure]) => {
    const values = runs.map((run) => run[name] ?? Number.NaN);
    const value = median(values);
    return {
      scenario: scenario.name,
      measure: name,
      ...measure,
      values,
      value,
      met: isMet(value, measure.bar),
    };
  });
}

function isMet(value: number, bar: Measure['bar']): boolean | null {
  if (bar === undefined) return null;
  return 'atLeast' in bar ? value >= bar.atLeast : value <= bar.atMost;
}
