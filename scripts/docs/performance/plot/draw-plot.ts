import type { ScenarioResult } from '../../../../e2e/bench/report/outcome.ts';
import { COLUMNS, diamond, drawRow, short, text, xOf } from './draw-row.ts';
import { widthOf } from './labels.ts';
import { type Panel, type PlotRow, toPanels, valuesOf } from './plot-rows.ts';
import { chooseScale, type Scale } from './scale.ts';
import { FONT, STYLE } from './style.ts';
import { element, escapeXml } from './svg.ts';

const MARGIN = 16;
const PANEL_HEAD = 26;
const AXIS = 26;
const PANEL_GAP = 8;
const LEGEND = 30;

/** The plot of a scenario as an SVG file: a dot for each repetition, with the median, the bar and the references. */
export function drawPlot(scenario: ScenarioResult): string {
  const panels = toPanels(scenario);
  const parts: string[] = [];
  let top = MARGIN;
  for (const panel of panels) {
    const drawn = drawPanel(panel, top);
    parts.push(drawn.svg);
    top += drawn.height + PANEL_GAP;
  }
  parts.push(
    drawLegend(
      panels.flatMap(({ rows }) => rows),
      top + LEGEND / 2,
    ),
  );
  const height = Math.ceil(top + LEGEND);
  const size = { width: COLUMNS.width, height };
  const ground = element('rect', {
    class: 'ground',
    x: 0.5,
    y: 0.5,
    width: size.width - 1,
    height: height - 1,
    rx: 6,
  });
  const title = element('title', {}, escapeXml(`${scenario.scenario}: ${scenario.what}`));
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    ...size,
    viewBox: `0 0 ${size.width} ${height}`,
    role: 'img',
  };
  const content = [title, element('style', {}, STYLE), ground, ...parts];
  return `${element('svg', attributes, '\n', content.join('\n'), '\n')}\n`;
}

interface Drawn {
  readonly svg: string;
  readonly height: number;
}

function drawPanel(panel: Panel, top: number): Drawn {
  const scale = chooseScale(valuesOf(panel));
  const rows: string[] = [];
  let y = top + PANEL_HEAD;
  for (const row of panel.rows) {
    const drawn = drawRow(row, scale, y);
    rows.push(drawn.svg);
    y += drawn.height;
  }
  const head =
    text(COLUMNS.label, top + 16, 'unit', panel.unit) +
    (scale.isLog ? text(COLUMNS.axis.from, top + 16, 'quiet', 'logarithmic') : '');
  const svg = [head, drawAxis(scale, top + PANEL_HEAD, y), ...rows].join('\n');
  return { svg, height: y + AXIS - top };
}

function drawAxis(scale: Scale, top: number, bottom: number): string {
  const lines = scale.ticks.map((tick) => {
    const x = Math.round(xOf(scale, tick)) + 0.5;
    return element('line', { class: 'grid', x1: x, y1: top, x2: x, y2: bottom + 2 });
  });
  const numbers = scale.ticks.map((tick) => text(xOf(scale, tick), bottom + 14, 'mark quiet', short(tick)));
  return [...lines, ...numbers].join('\n');
}

/** Says what the marks are, of those that the plot has. */
function drawLegend(rows: readonly PlotRow[], y: number): string {
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
