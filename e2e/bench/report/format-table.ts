import type { Outcome, ScenarioResult } from './outcome.ts';

/** The outcomes as a table for people. With several repetitions it also shows their spread. */
export function formatTable(results: readonly ScenarioResult[]): string {
  const hasSpread = results.some(({ outcomes }) => outcomes.some(({ values }) => values.length > 1));
  const header = ['scenario', 'what', 'measured', ...(hasSpread ? ['from – to'] : []), 'bar', ''];
  const rows = results.flatMap(({ scenario, outcomes }) =>
    outcomes.map((outcome, index) => [
      index === 0 ? scenario : '',
      outcome.what,
      `${formatNumber(outcome.value)} ${outcome.unit}`,
      ...(hasSpread ? [formatSpread(outcome.values)] : []),
      formatBar(outcome),
      outcome.met === null ? '' : outcome.met ? 'met' : 'NOT met',
    ]),
  );
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const rule = widths.map((width) => '-'.repeat(width));
  return [header, rule, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function formatBar({ bar, unit }: Outcome): string {
  if (bar === undefined) return '';
  return 'atLeast' in bar ? `≥ ${bar.atLeast} ${unit}` : `≤ ${bar.atMost} ${unit}`;
}

const formatSpread = (values: readonly number[]): string =>
  `${formatNumber(Math.min(...values))} – ${formatNumber(Math.max(...values))}`;

/** Three digits that count. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '?';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
