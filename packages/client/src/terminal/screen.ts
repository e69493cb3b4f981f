import { lengthOf, paint } from './style.ts';
import type { Line } from './style.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_LINE_REST = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** A block of lines at the end of the terminal's output, drawn anew in place. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  draw(lines: readonly Line[]): void;
  /** Leaves what was drawn last and gives the cursor back. */
  close(): void;
}

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** Takes the cursor away until `close`, also when the process ends without it. */
export function openScreen(output: NodeJS.WriteStream, colour: boolean): Screen {
  let drawn: readonly Line[] = [];
  let open = true;
  const columns = (): number => output.columns || DEFAULT_COLUMNS;
  const giveCursorBack = (): void => {
    output.write(SHOW_CURSOR);
  };
  process.once('exit', giveCursorBack);
  output.write(HIDE_CURSOR);

  return {
    // One column stays free: a full line would wrap on some terminals.
    get columns() {
      return Math.max(1, columns() - 1);
    },
    get rows() {
      return output.rows || DEFAULT_ROWS;
    },
    draw(lines) {
      if (!open) return;
      // A terminal that became narrower has wrapped what stands there.
      const rowsUp = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(lengthOf(line) / columns())), 0);
      const back = rowsUp === 0 ? '' : `\u001b[${rowsUp}A\r`;
      const width = this.columns;
      const text = lines.map((line) => `${paint(line, width, colour)}${CLEAR_LINE_REST}\n`).join('');
      output.write(`${back}${text}${CLEAR_BELOW}`);
      drawn = lines.map((line) => [[' '.repeat(Math.min(lengthOf(line), width))]]);
    },
    close() {
      if (!open) return;
      open = false;
      process.removeListener('exit', giveCursorBack);
      giveCursorBack();
    },
  };
}
