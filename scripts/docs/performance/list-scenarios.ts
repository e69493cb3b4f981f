import { median } from '../../../e2e/bench/measure/distribution.ts';
import { describeResources } from '../../../e2e/bench/report/describe-resources.ts';
import {
  formatBar,
  formatExactly,
  formatSpread,
  formatValue,
  formatVerdict,
  withUnit,
} from '../../../e2e/bench/report/format-number.ts';
import type { Outcome, ScenarioResult } from '../../../e2e/bench/report/outcome.ts';
import { nameFloor } from '../../../e2e/bench/report/floor-names.ts';
import {
  findReference,
  REFERENCE_REMARKS,
  type ReferenceFigure,
} from '../../../e2e/bench/report/reference.ts';
import type { BenchResult } from '../../../e2e/bench/report/result.ts';
import { toTable } from '../to-table.ts';
import { plotFile } from './plot-file.ts';

/** A part for each scenario: its load, its plot, and its numbers. */
export function listScenarios({ scenarios }: BenchResult): string {
  return scenarios.map(describeScenario).join('\n\n');
}

function describeScenario(result: ScenarioResult): string {
  const { scenario, what } = result;
  const parts = [
    `### ${scenario}`,
    `${what[0]!.toUpperCase()}${what.slice(1)}.`,
    `![${scenario}: what was measured in each run](${plotFile(scenario)})`,
    tableOfMeasures(result),
    listNotes(result),
    tableOfFloors(result),
    describeResources(result),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function tableOfMeasures({ scenario, outcomes }: ScenarioResult): string {
  const references = outcomes.map(({ measure }) => findReference(scenario, measure));
  const columns: readonly Column[] = [
    { head: 'measure', cell: ({ what }) => what },
    { head: 'median', cell: ({ value, unit }) => `**${formatValue(value, unit)}**` },
    { head: 'from – to', cell: ({ values }) => formatSpread(values) },
    { head: 'bar', cell: formatBar },
    { head: '', cell: ({ met }) => formatVerdict(met) },
    { head: 'ArcRun in Rust, 1 s loop', cell: (_, figure) => formatFigure(figure, figure?.atDefaults) },
    { head: 'tuned', cell: (_, figure) => formatFigure(figure, figure?.tuned) },
  ];
  const rows = outcomes.map((outcome, index) => columns.map(({ cell }) => cell(outcome, references[index])));
  // A column that says nothing, such as the bars of a scenario that has none, is left out.
  const filled = columns.map((_, column) => rows.some((row) => row[column] !== ''));
  const keep = (cells: readonly string[]): string[] => cells.filter((_, column) => filled[column]);
  return toTable(keep(columns.map(({ head }) => head)), rows.map(keep));
}

interface Column {
  readonly head: string;
  readonly cell: (outcome: Outcome, figure: ReferenceFigure | undefined) => string;
}

const formatFigure = (figure: ReferenceFigure | undefined, value: number | undefined): string =>
  figure === undefined || value === undefined ? '' : withUnit(formatExactly(value), figure.unit);

/** What has to be known of the figures of ArcRun in Rust. */
function listNotes({ scenario, outcomes }: ScenarioResult): string {
  const notes = outcomes.flatMap(({ what, measure }) => {
    const note = findReference(scenario, measure)?.note;
    return note === undefined ? [] : `- ArcRun in Rust, ${what}: ${note}`;
  });
  const remark = REFERENCE_REMARKS[scenario];
  return [...notes, ...(remark === undefined ? [] : [`- ArcRun in Rust: ${remark}`])].join('\n');
}

function tableOfFloors({ floors }: ScenarioResult): string {
  const rows = Object.entries(floors).map(([name, { per_second, cpu_ms }]) => [
    nameFloor(name),
    `**${formatValue(median(per_second), 'per s')}**`,
    formatSpread(per_second),
    formatValue(median(cpu_ms), 'ms'),
  ]);
  return rows.length === 0 ? '' : toTable(['floor', 'median', 'from – to', 'CPU for each'], rows);
}
