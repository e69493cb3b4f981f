import type { StatusKind } from '../types.ts';

export type Tone = 'good' | 'bad' | 'planned' | 'busy' | 'faint' | 'strong';
/** A piece of a line. Without a tone it is written as it is. */
export type Segment = readonly [text: string, tone?: Tone];
export type Line = readonly Segment[];

export interface Theme {
  colour: boolean;
  symbols: Symbols;
}

export interface Symbols {
  status: Record<Exclude<StatusKind, 'Running'>, string>;
  /** One after the other while something runs. */
  running: readonly string[];
  barFull: string;
  barEmpty: string;
  /** In front of the rows of one stage: alone, first, between, last. */
  brackets: readonly [string, string, string, string];
}

const UNICODE: Symbols = {
  status: {
    Waiting: '·',
    Pending: '○',
    Claimed: '◔',
    Success: '✔',
    Failure: '✖',
    Canceled: '⊘',
    Paused: '‖',
  },
  running: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
  barFull: '━',
  barEmpty: '─',
  brackets: ['╶', '┌', '│', '└'],
};

const ASCII: Symbols = {
  status: {
    Waiting: '.',
    Pending: 'o',
    Claimed: 'c',
    Success: '+',
    Failure: 'x',
    Canceled: '-',
    Paused: '=',
  },
  running: ['|', '/', '-', '\\'],
  barFull: '#',
  barEmpty: '.',
  brackets: [' ', '|', '|', '|'],
};

const SGR: Record<Tone, string> = {
  good: '32',
  bad: '31',
  planned: '33',
  busy: '36',
  faint: '2',
  strong: '1',
};

export const TONES: Record<StatusKind, Tone> = {
  Waiting: 'faint',
  Pending: 'faint',
  Claimed: 'busy',
  Running: 'busy',
  Success: 'good',
  Failure: 'bad',
  Canceled: 'bad',
  Paused: 'planned',
};

/** What the terminal can show: colours unless NO_COLOR is set, plain characters on the Linux console. */
export function themeOf(output: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Theme {
  return {
    colour: output.isTTY && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb',
    symbols: environment['TERM'] === 'linux' ? ASCII : UNICODE,
  };
}

/** Whether lines can be redrawn in place. */
export function canRedraw(output: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): boolean {
  return output.isTTY && environment['TERM'] !== 'dumb';
}

export function symbolOf(status: StatusKind, tick: number, symbols: Symbols): string {
  if (status !== 'Running') return symbols.status[status];
  return symbols.running[tick % symbols.running.length] ?? '';
}

const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u;
const WITHOUT_WIDTH = /[\p{M}\u200B-\u200D\u2060]/u;

/** The columns that a character takes on a terminal. */
function cellsOf(character: string): number {
  if (WITHOUT_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  // Most texts need no look at each character.
  if (/^[\x20-\x7E]*$/.test(text)) return text.length;
  return Array.from(text).reduce((sum, character) => sum + cellsOf(character), 0);
}

/** As much of the text as fits. */
function cutTo(text: string, columns: number): string {
  let room = columns;
  let kept = '';
  for (const character of text) {
    room -= cellsOf(character);
    if (room < 0) break;
    kept += character;
  }
  return kept;
}

export function lengthOf(line: Line): number {
  return line.reduce((length, [text]) => length + widthOf(text), 0);
}

/** The line as text, cut with a `…` where it would go over the width. */
export function paint(line: Line, columns: number, colour: boolean): string {
  const cut = lengthOf(line) > columns;
  let room = cut ? Math.max(0, columns - 1) : columns;
  let painted = '';
  for (const [text, tone] of line) {
    const shown = cutTo(text, room);
    // After a cut nothing more is shown, though a narrower piece might fit.
    room = shown === text ? room - widthOf(text) : 0;
    painted += colour && tone !== undefined && shown !== '' ? `\u001b[${SGR[tone]}m${shown}\u001b[0m` : shown;
  }
  return cut && columns > 0 ? `${painted}…` : painted;
}

export function bar(share: number, columns: number, symbols: Symbols): Segment[] {
  const full = Math.max(0, Math.min(columns, Math.round(share * columns)));
  return [
    [symbols.barFull.repeat(full), 'good'],
    [symbols.barEmpty.repeat(columns - full), 'faint'],
  ];
}

export function formatSeconds(seconds: number): string {
  if (seconds < 99.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Text from a file or a server may hold sequences that drive the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '?');
}
