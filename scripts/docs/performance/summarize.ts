import { formatBar, formatValue, formatVerdict } from '../../../e2e/bench/report/format-number.ts';
import type { BenchResult } from '../../../e2e/bench/report/result.ts';
import { anchorOf } from '../find-broken-links.ts';
import { toTable } from '../to-table.ts';

/** A table of all bars, and what was measured against each. */
export function summarize({ scenarios }: BenchResult): string {
  const held = scenarios.flatMap(({ scenario, outcomes }) =>
    outcomes.filter(({ met }) => met !== null).map((outcome) => ({ scenario, outcome })),
  );
  const rows = held.map(({ scenario, outcome }, index) => [
    scenario === held[index - 1]?.scenario ? '' : `[${scenario}](#${anchorOf(scenario)})`,
    outcome.what,
    formatBar(outcome),
    `**${formatValue(outcome.value, outcome.unit)}**`,
    formatVerdict(outcome.met),
  ]);
  const met = held.filter(({ outcome }) => outcome.met === true).length;
  return `${met} of ${held.length} bars are met.\n\n${toTable(['scenario', 'measure', 'bar', 'measured', ''], rows)}`;
}
