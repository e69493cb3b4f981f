import { type PointerEvent, type ReactElement, type ReactNode, useState } from 'react';
import type { Minute } from '../use-overview.ts';
import { axisTicks, roundUp, shortNumber } from './scale.ts';

type SeriesName = Exclude<keyof Minute, 'at'>;

export interface Series {
  readonly name: SeriesName;
  readonly label: string;
  /** Whose colour it has. */
  readonly status: string;
}

const WIDTH = 400;
const HEIGHT = 140;
const LEFT = 36;
const TOP = 8;
const BOTTOM = 22;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;
const PLOT_WIDTH = WIDTH - LEFT;

const valueOf = (minute: Minute, { name }: Series): number => minute[name] ?? 0;
const timeOf = (minute: Minute): string =>
  new Date(minute.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

interface SeriesPlotProps {
  readonly title: string;
  readonly minutes: readonly Minute[];
  readonly series: readonly Series[];
  /** Bars on top of each other tell amounts of a minute, lines how it stood. */
  readonly look: 'bars' | 'lines';
}

/** An hour by the minute, with what the minute under the pointer holds. */
export function SeriesPlot({ title, minutes, series, look }: SeriesPlotProps): ReactElement {
  const [pointed, setPointed] = useState<number>();
  const known = minutes.filter((minute) => series.some(({ name }) => minute[name] !== null));
  const highest = Math.max(
    0,
    ...known.map((minute) => {
      const values = series.map((each) => valueOf(minute, each));
      return look === 'bars' ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
    }),
  );
  const max = roundUp(highest);
  const y = (value: number): number => TOP + PLOT_HEIGHT * (1 - value / max);
  const step = PLOT_WIDTH / Math.max(1, minutes.length);
  const point = (event: PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const index = Math.floor((((event.clientX - box.left) / box.width) * WIDTH - LEFT) / step);
    setPointed(index >= 0 && index < minutes.length ? index : undefined);
  };
  const shown = pointed === undefined ? undefined : minutes[pointed];
  return (
    <figure className="card plot">
      <figcaption>
        <h2>{title}</h2>
        <PlotLegend series={series} look={look} minutes={known} minute={shown} />
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${title}: ${describe(known, series, look)}`}
        onPointerMove={point}
        onPointerLeave={() => setPointed(undefined)}
      >
        <Axes max={max} y={y} minutes={minutes} step={step} />
        {pointed !== undefined && (
          <rect
            className="plot-pointed"
            x={LEFT + pointed * step}
            y={TOP}
            width={step}
            height={PLOT_HEIGHT}
          />
        )}
        {look === 'bars'
          ? minutes.map((minute, index) => (
              <Bar
                key={minute.at}
                x={LEFT + index * step}
                width={step}
                minute={minute}
                series={series}
                y={y}
              />
            ))
          : series.map((each) => (
              <path
                key={each.name}
                className="plot-line"
                data-status={each.status}
                d={lineOf(minutes, each, (index) => LEFT + (index + 0.5) * step, y)}
              />
            ))}
      </svg>
    </figure>
  );
}

interface AxesProps {
  readonly max: number;
  readonly y: (value: number) => number;
  readonly minutes: readonly Minute[];
  readonly step: number;
}

function Axes({ max, y, minutes, step }: AxesProps): ReactNode {
  const marks = [0, 15, 30, 45].filter((index) => index < minutes.length);
  return (
    <>
      {axisTicks(max).map((value) => (
        <g key={value} className="plot-axis">
          <line x1={LEFT} x2={WIDTH} y1={y(value)} y2={y(value)} />
          <text x={LEFT - 6} y={y(value) + 4} textAnchor="end">
            {shortNumber(value)}
          </text>
        </g>
      ))}
      {marks.map((index) => (
        <text key={index} className="plot-time" x={LEFT + index * step} y={HEIGHT - 5}>
          {timeOf(minutes[index]!)}
        </text>
      ))}
    </>
  );
}

interface BarProps {
  readonly x: number;
  readonly width: number;
  readonly minute: Minute;
  readonly series: readonly Series[];
  readonly y: (value: number) => number;
}

function Bar({ x, width, minute, series, y }: BarProps): ReactNode {
  let below = 0;
  return series.map((each) => {
    const value = valueOf(minute, each);
    if (value === 0) return null;
    const base = below;
    below += value;
    // Few among many are still to be seen.
    const height = Math.max(1.5, y(base) - y(below));
    return (
      <rect
        key={each.name}
        className="plot-bar"
        data-status={each.status}
        x={x + 1}
        y={y(base) - height}
        width={Math.max(1, width - 2)}
        height={height}
      />
    );
  });
}

/** A line with gaps where nobody looked; what stands alone is a dot. */
function lineOf(
  minutes: readonly Minute[],
  { name }: Series,
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let isOpen = false;
  for (const [index, minute] of minutes.entries()) {
    const value = minute[name];
    if (value === null) {
      isOpen = false;
      continue;
    }
    const isAlone = !isOpen && (minutes[index + 1]?.[name] ?? null) === null;
    path += `${isOpen ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}${isAlone ? 'h0.01' : ''}`;
    isOpen = true;
  }
  return path;
}

interface PlotLegendProps {
  readonly series: readonly Series[];
  readonly look: 'bars' | 'lines';
  readonly minutes: readonly Minute[];
  /** The one under the pointer. */
  readonly minute: Minute | undefined;
}

/** The names of the series, with the sums of the hour or how it stands, or with what one minute holds. */
function PlotLegend({ series, look, minutes, minute }: PlotLegendProps): ReactElement {
  const when = minute === undefined ? (look === 'bars' ? 'in the last hour' : 'now') : `at ${timeOf(minute)}`;
  return (
    <p className="plot-legend">
      {series.map((each) => {
        const value = minute === undefined ? total(minutes, each, look) : minute[each.name];
        return (
          <span key={each.name} data-status={each.status}>
            <span className="plot-key" data-look={look} />
            {value === null ? '–' : value.toLocaleString()} {each.label}
          </span>
        );
      })}
      <span className="faint">{when}</span>
    </p>
  );
}

function total(minutes: readonly Minute[], each: Series, look: 'bars' | 'lines'): number {
  if (look === 'lines') {
    const last = minutes.at(-1);
    return last === undefined ? 0 : valueOf(last, each);
  }
  return minutes.reduce((sum, minute) => sum + valueOf(minute, each), 0);
}

function describe(minutes: readonly Minute[], series: readonly Series[], look: 'bars' | 'lines'): string {
  if (minutes.length === 0) return 'nothing is known yet';
  const parts = series.map((each) => `${total(minutes, each, look).toLocaleString()} ${each.label}`);
  return `${parts.join(', ')} ${look === 'bars' ? 'in the last hour' : 'now'}`;
}
