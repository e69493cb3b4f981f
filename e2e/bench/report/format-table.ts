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
  const rows = scenarios.flatMap(toRows);
  const hasSpread = rows.some(({ spread }) => spread !== '');
  const columns = (['measured', ...(hasSpread ? (['spread'] as const) : []), 'bar', 'verdict'] as const).map(
    (key) => ({ key, width: Math.max(HEADS[key].length, ...rows.map((row) => row[key].length)) }),
  );
  const taken = columns.reduce((sum, { width }) => sum + GAP.length + width, INDENT.length);
  const whatWidth = Math.min(WIDTH - taken, Math.max(...rows.map(({ what }) => what.length)));
  const line = (row: Cells): string[] => {
    const [first = '', ...rest] = wrapText(row.what, whatWidth);
    const cells = columns.map(({ key, width }) => row[key].padEnd(width));
    return [[INDENT + first.padEnd(whatWidth), ...cells].join(GAP), ...rest.map((more) => INDENT + more)];
  };
  const lines = [
    ...line(HEADS),
    '-'.repeat(taken + whatWidth),
    ...scenarios.flatMap((scenario) => [
      scenario.scenario,
      ...toRows(scenario).flatMap(line),
      INDENT + INDENT + describeResources(scenario),
    ]),
    '',
    ...formatSummary(scenarios),
  ];
  return lines.map((text) => text.trimEnd()).join('\n');
}

interface Cells {
  readonly what: string;
  readonly measured: string;
  readonly spread: string;
  readonly bar: string;
  readonly verdict: string;
}

const HEADS: Cells = { what: 'what', measured: 'measured', spread: 'from – to', bar: 'bar', verdict: '' };

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
