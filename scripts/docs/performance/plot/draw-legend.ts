import { COLUMNS, diamond } from './draw-row.ts';
import { widthOf } from './labels.ts';
import type { PlotRow } from './plot-rows.ts';
import { FONT } from './style.ts';
import { element, text } from './svg.ts';

/** Says what the marks are, of those that the plot has. */
export function drawLegend(rows: readonly PlotRow[], y: number): string {
  const has = (isThere: (row: PlotRow) => boolean): boolean => rows.some(isThere);
  const dot = (className: string) => (x: number) =>
    element('circle', { class: `dot ${className}`, cx: x + 4, cy: y, r: 4 });
  const line = (className: string) => (x: number) =>
    element('rect', { class: className, x: x + 3, y: y - 8, width: 2, height: 16 });
  const mark = (className: string) => (x: number) => diamond(className, x + 4, y);
  const entries = [
    { is: true, draw: dot('run'), says: 'one run' },
    { is: has(({ kind }) => kind === 'floor'), draw: dot('floor'), says: 'floor' },
    { is: has(({ values }) => values.length > 1), draw: line('run'), says: 'median' },
    { is: has(({ bar }) => bar !== undefined), draw: line('bar'), says: 'bar; met on the green side' },
    { is: has(hasMark('atDefaults')), draw: mark('reference'), says: 'ArcRun in Rust, at its defaults' },
    { is: has(hasMark('tuned')), draw: mark('tuned'), says: 'tuned' },
  ];
  let x = COLUMNS.label;
  const drawn: string[] = [];
  for (const { says, draw } of entries.filter(({ is }) => is)) {
    drawn.push(draw(x), text(x + 14, y + 4, 'quiet', says));
    x += 14 + widthOf(says, FONT.label) + 20;
  }
  return drawn.join('\n');
}

const hasMark =
  (kind: 'atDefaults' | 'tuned') =>
  (row: PlotRow): boolean =>
    row.references.some((reference) => reference.kind === kind);
