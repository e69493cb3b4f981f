import { median } from '../measure/distribution.ts';
import { formatBar, formatNumber, formatSpread, formatValue, formatVerdict } from './format-number.ts';
import { describeResources } from './describe-resources.ts';
import { nameFloor } from './floor-names.ts';
import type { FloorResult, Outcome, ScenarioResult } from './outcome.ts';
import { wrapText } from './wrap-text.ts';

const WIDTH = 110;
const GAP = '  ';
const INDENT = '  ';

/** The results as text for people, in lines of 110 characters: what was measured, how it spread, and its bar. */
export function formatTable(scenarios: readonly ScenarioResult[]): string {
  const columns = chooseColumns(scenarios.flatMap(toRows));
  const lines = [
    ...formatRow(HEADS, columns),
    '-'.repeat(widthOf(columns)),
    ...scenarios.flatMap((scenario) => [
      scenario.scenario,
      ...toRows(scenario).flatMap((row) => formatRow(row, columns)),
      INDENT + INDENT + describeResources(scenario),
    ]),
    '',
    ...formatSummary(scenarios),
  ];
  return lines.map((line) => line.trimEnd()).join('\n');
}

interface Cells {
  readonly what: string;
  readonly measured: string;
  readonly spread: string;
  readonly bar: string;
  readonly verdict: string;
}

const HEADS: Cells = { what: 'what', measured: 'measured', spread: 'from – to', bar: 'bar', verdict: '' };

interface Column {
  readonly key: keyof Cells;
  readonly width: number;
}

/** As wide as their cells are, but for the first, which takes what is left. */
function chooseColumns(rows: readonly Cells[]): Column[] {
  const hasSpread = rows.some(({ spread }) => spread !== '');
  const keys = (['what', 'measured', 'spread', 'bar', 'verdict'] as const).filter(
    (key) => hasSpread || key !== 'spread',
  );
  const columns = keys.map((key) => ({
    key,
    width: Math.max(...[HEADS, ...rows].map((row) => row[key].length)),
  }));
  const tooMuch = Math.max(0, widthOf(columns) - WIDTH);
  return columns.map(({ key, width }) => ({ key, width: key === 'what' ? width - tooMuch : width }));
}

const widthOf = (columns: readonly Column[]): number =>
  columns.reduce((sum, { width }) => sum + width, INDENT.length + GAP.length * (columns.length - 1));

function formatRow(row: Cells, columns: readonly Column[]): string[] {
  const cells = columns.map(({ key, width }) => wrapText(row[key], width));
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map(({ width }, column) => (cells[column]![line] ?? '').padEnd(width));
    return INDENT + parts.join(GAP);
  });
}

const toRows = ({ outcomes, floors }: ScenarioResult): Cells[] => [
  ...outcomes.map(outcomeRow),
  ...Object.entries(floors).map(floorRow),
];

const outcomeRow = (outcome: Outcome): Cells => ({
  what: outcome.what,
  measured: formatValue(outcome.value, outcome.unit),
  spread: formatSpread(outcome.values),
  bar: formatBar(outcome),
  verdict: formatVerdict(outcome.met),
});

const floorRow = ([name, { per_second, cpu_ms }]: [string, FloorResult]): Cells => ({
  what: `floor: ${nameFloor(name)} (${formatNumber(median(cpu_ms))} CPU-ms each)`,
  measured: formatValue(median(per_second), 'per s'),
  spread: formatSpread(per_second),
  bar: '',
  verdict: '',
});

function formatSummary(scenarios: readonly ScenarioResult[]): string[] {
  const held = scenarios.flatMap(({ scenario, outcomes }) =>
    outcomes.filter(({ met }) => met !== null).map((outcome) => ({ scenario, outcome })),
  );
  const missed = held.filter(({ outcome }) => outcome.met === false);
  return [
    `${held.length - missed.length} of ${held.length} bars are met.`,
    ...missed.flatMap(({ scenario, outcome }) => {
      const measured = formatValue(outcome.value, outcome.unit);
      const sentence = `NOT met: ${scenario}: ${outcome.what}: ${measured}, the bar is ${formatBar(outcome)}`;
      return wrapText(sentence, WIDTH);
    }),
  ];
}
