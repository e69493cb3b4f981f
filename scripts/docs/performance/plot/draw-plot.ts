import type { ScenarioResult } from '../../../../e2e/bench/report/outcome.ts';
import { drawLegend } from './draw-legend.ts';
import { formatExactly } from '../../../../e2e/bench/report/format-number.ts';
import { COLUMNS, drawRow, xOf } from './draw-row.ts';
import { type Panel, toPanels, valuesOf } from './plot-rows.ts';
import { chooseScale, type Scale } from './scale.ts';
import { STYLE } from './style.ts';
import { element, escapeXml, text } from './svg.ts';

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
    text(COLUMNS.label, top + 16, 'unit', headOf(panel.unit)) +
    (scale.isLog ? text(COLUMNS.axis.from, top + 16, 'quiet', 'logarithmic') : '');
  const svg = [head, drawAxis(scale, top + PANEL_HEAD, y), ...rows].join('\n');
  return { svg, height: y + AXIS - top };
}

/** What an axis counts: a unit, or words for one that says nothing alone. */
const headOf = (unit: string): string => ({ '': 'number', '/s': 'per second' })[unit] ?? unit;

function drawAxis(scale: Scale, top: number, bottom: number): string {
  const lines = scale.ticks.map((tick) => {
    const x = Math.round(xOf(scale, tick)) + 0.5;
    return element('line', { class: 'grid', x1: x, y1: top, x2: x, y2: bottom + 2 });
  });
  const numbers = scale.ticks.map((tick) =>
    text(xOf(scale, tick), bottom + 14, 'mark quiet', formatExactly(tick)),
  );
  return [...lines, ...numbers].join('\n');
}
