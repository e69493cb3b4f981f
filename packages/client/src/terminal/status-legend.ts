import type { StatusKind } from '../types.ts';
import { lengthOf, symbolOf, TONES } from './style.ts';
import type { Line, Segment, Symbols } from './style.ts';

const WORDS: readonly (readonly [StatusKind, string])[] = [
  ['Success', 'succeeded'],
  ['Failure', 'failed'],
  ['Canceled', 'canceled'],
  ['Running', 'running'],
  ['Claimed', 'called'],
  ['Pending', 'ready'],
  ['Paused', 'paused'],
  ['Waiting', 'waiting'],
];
const MARGIN = '  ';
const GAP = '   ';

export interface LegendOptions {
  count: (status: StatusKind) => number;
  /** Failures among them that were meant to be. */
  planned?: number;
  columns: number;
  tick: number;
  symbols: Symbols;
}

/** How many tasks are in which status, with its symbol, on as many lines as that needs. */
export function renderLegend({ count, planned = 0, columns, tick, symbols }: LegendOptions): Line[] {
  const lines: Segment[][] = [[]];
  for (const [status, word] of WORDS) {
    const tasks = count(status);
    if (tasks === 0) continue;
    const onPurpose = status === 'Failure' && planned > 0;
    const why = onPurpose ? ` (${planned} on purpose)` : '';
    const tone = onPurpose && planned === tasks ? 'planned' : TONES[status];
    const item: Segment[] = [
      [symbolOf(status, tick, symbols), tone],
      [` ${tasks.toLocaleString('en-US')} ${word}${why}`],
    ];
    const line = lines.at(-1) ?? [];
    if (line.length === 0) line.push([MARGIN], ...item);
    else if (lengthOf(line) + GAP.length + lengthOf(item) <= columns) line.push([GAP], ...item);
    else lines.push([[MARGIN], ...item]);
  }
  return lines;
}
