import { formatExactly, formatSpread, formatValue } from '../../../../e2e/bench/report/format-number.ts';
import { wrapText } from '../../../../e2e/bench/report/wrap-text.ts';
import { type Label, spreadLabels } from './labels.ts';
import { limitOf, type PlotRow, type ReferenceMark } from './plot-rows.ts';
import type { Scale } from './scale.ts';
import { FONT } from './style.ts';
import { element, text } from './svg.ts';

/** The columns of a plot, in pixels: what is measured, the axis, the number. */
export const COLUMNS = { label: 16, axis: { from: 262, to: 642 }, value: 668, width: 830 };

const LABEL_CHARACTERS = 36;
const LINE = 15;
const TRACK = 18;
const MARKS = 14;
const PADDING = 9;
/** Repetitions lie a little below one another, so that equal ones can be told apart. */
const SCATTER = 1.5;

export interface DrawnRow {
  readonly svg: string;
  readonly height: number;
}

export const xOf = (scale: Scale, value: number): number =>
  COLUMNS.axis.from + (COLUMNS.axis.to - COLUMNS.axis.from) * scale.placeOf(value);

/** One row, from its upper edge on downwards. */
export function drawRow(row: PlotRow, scale: Scale, top: number): DrawnRow {
  const lines = wrapText(row.label, LABEL_CHARACTERS);
  const labels = labelsOf(row, scale);
  const middle = top + PADDING + TRACK / 2;
  const height =
    Math.max(TRACK + (labels.length === 0 ? 0 : MARKS), lines.length * LINE, 2 * LINE) + 2 * PADDING;
  const svg = [
    ...lines.map((line, index) => text(COLUMNS.label, middle + 4 + index * LINE, 'quiet', line)),
    drawTrack(row, scale, middle),
    ...row.references.map((mark) => drawReference(mark, scale, middle)),
    ...drawRuns(row, scale, middle),
    drawBar(row, scale, middle),
    ...labels.map((label) =>
      text(label.x, middle + TRACK / 2 + MARKS - 2, `mark ${label.className}`, label.text),
    ),
    ...drawNumber(row, middle),
  ];
  return { svg: svg.join('\n'), height };
}

/** The ground of the dots; the side of the bar on which it is met has another colour. */
function drawTrack({ bar }: PlotRow, scale: Scale, middle: number): string {
  const { from, to } = COLUMNS.axis;
  const part = (className: string, left: number, right: number): string =>
    element('rect', {
      class: className,
      x: left,
      y: middle - TRACK / 2,
      width: Math.max(0, right - left),
      height: TRACK,
      rx: 3,
    });
  const whole = part('track', from, to);
  if (bar === undefined) return whole;
  const limit = xOf(scale, limitOf(bar));
  return whole + ('atLeast' in bar ? part('good', limit, to) : part('good', from, limit));
}

function drawRuns({ kind, values, median }: PlotRow, scale: Scale, middle: number): string[] {
  const className = kind === 'floor' ? 'floor' : 'run';
  const dots = values.flatMap((value, index) => {
    if (!Number.isFinite(value)) return [];
    const y = middle + (index - (values.length - 1) / 2) * SCATTER;
    return element('circle', { class: `dot ${className}`, cx: xOf(scale, value), cy: y, r: 4 });
  });
  if (!Number.isFinite(median) || dots.length < 2) return dots;
  return [...dots, tick(className, xOf(scale, median), middle, TRACK)];
}

const drawBar = ({ bar }: PlotRow, scale: Scale, middle: number): string =>
  bar === undefined ? '' : tick('bar', xOf(scale, limitOf(bar)), middle, TRACK + 6);

const tick = (className: string, x: number, middle: number, height: number): string =>
  element('rect', { class: className, x: x - 1, y: middle - height / 2, width: 2, height });

function drawReference({ kind, value }: ReferenceMark, scale: Scale, middle: number): string {
  return diamond(kind === 'tuned' ? 'tuned' : 'reference', xOf(scale, value), middle);
}

export const diamond = (className: string, x: number, y: number): string =>
  element('path', { class: className, d: `M${x.toFixed(1)} ${y - 5.5}l5.5 5.5-5.5 5.5-5.5-5.5z` });

/** What stands under the track: the bar, and what ArcRun in Rust reached. */
function labelsOf({ bar, references }: PlotRow, scale: Scale): Label[] {
  const labels = references.map(({ kind, value }) => ({
    text: `${kind === 'tuned' ? 'Rust, tuned' : 'Rust'} ${formatExactly(value)}`,
    className: 'reference',
    x: xOf(scale, value),
  }));
  if (bar !== undefined) {
    const limit = limitOf(bar);
    const sign = 'atLeast' in bar ? '≥' : '≤';
    labels.push({ text: `${sign} ${formatExactly(limit)}`, className: 'bar', x: xOf(scale, limit) });
  }
  return spreadLabels(labels, FONT.mark, { from: COLUMNS.axis.from, to: COLUMNS.axis.to });
}

function drawNumber({ kind, values, median, unit, met }: PlotRow, middle: number): string[] {
  const verdict = met === null ? '' : met ? 'met' : 'not met';
  const spread = formatSpread(values);
  const className = met === false ? 'bad' : met === true ? 'bar' : 'quiet';
  const below = [verdict, spread].filter((part) => part !== '').join(' · ');
  return [
    text(COLUMNS.value, middle + 4, 'value', formatValue(median, kind === 'floor' ? 'per s' : unit)),
    ...(below === '' ? [] : [text(COLUMNS.value, middle + 4 + LINE, className, below)]),
  ];
}
