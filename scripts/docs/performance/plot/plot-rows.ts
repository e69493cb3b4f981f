import type { FloorResult, Outcome, ScenarioResult } from '../../../../e2e/bench/report/outcome.ts';
import { nameFloor } from '../../../../e2e/bench/report/floor-names.ts';
import { findReference } from '../../../../e2e/bench/report/reference.ts';
import { median } from '../../../../e2e/bench/measure/distribution.ts';

/** What ArcRun in Rust reached, as a mark on a row. */
export interface ReferenceMark {
  readonly kind: 'atDefaults' | 'tuned';
  readonly value: number;
}

/** One line of a plot: the repetitions of one measure, or of one floor. */
export interface PlotRow {
  readonly kind: 'measure' | 'floor';
  readonly label: string;
  readonly unit: string;
  /** One for each repetition. */
  readonly values: readonly number[];
  readonly median: number;
  readonly bar?: Outcome['bar'];
  readonly met: boolean | null;
  readonly references: readonly ReferenceMark[];
}

/** The rows that share an axis. */
export interface Panel {
  readonly unit: string;
  readonly rows: readonly PlotRow[];
}

/** What a plot of a scenario shows: a panel for each unit, in the order in which the measures name them. */
export function toPanels({ scenario, outcomes, floors }: ScenarioResult): Panel[] {
  const measures = outcomes.map((outcome) => measureRow(scenario, outcome));
  const rateUnit = outcomes.find(({ unit }) => unit.endsWith('/s'))?.unit ?? 'per s';
  const rows = [...measures, ...Object.entries(floors).map(([of, floor]) => floorRow(of, floor, rateUnit))];
  return [...Map.groupBy(rows, ({ unit }) => unit)].map(([unit, ofUnit]) => ({ unit, rows: ofUnit }));
}

function measureRow(scenario: string, outcome: Outcome): PlotRow {
  const { what: label, unit, values, value, met } = outcome;
  const figure = findReference(scenario, outcome.measure);
  const references: ReferenceMark[] = [];
  if (figure !== undefined) references.push({ kind: 'atDefaults', value: figure.atDefaults });
  if (figure?.tuned !== undefined) references.push({ kind: 'tuned', value: figure.tuned });
  return { kind: 'measure', label, unit, values, median: value, bar: outcome.bar, met, references };
}

const floorRow = (name: string, { per_second }: FloorResult, unit: string): PlotRow => ({
  kind: 'floor',
  label: `floor: ${nameFloor(name)}`,
  unit,
  values: per_second,
  median: median(per_second),
  met: null,
  references: [],
});

/** Some room behind a bar, so that one can see on which side of it a run lies. */
const BEYOND_BAR = 1.08;

/** All that has to find its place on the axis of a panel. */
export function valuesOf({ rows }: Panel): number[] {
  return rows.flatMap(({ values, median: middle, bar, references }) => [
    ...values,
    middle,
    ...(bar === undefined ? [] : [limitOf(bar), limitOf(bar) * BEYOND_BAR]),
    ...references.map(({ value }) => value),
  ]);
}

export const limitOf = (bar: NonNullable<Outcome['bar']>): number =>
  'atLeast' in bar ? bar.atLeast : bar.atMost;
