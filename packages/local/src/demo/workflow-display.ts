import type { BatchStats } from '@arcrun/client';
import {
  bar,
  canRedraw,
  formatCount,
  formatSeconds,
  openScreen,
  renderLegend,
  themeOf,
} from '@arcrun/client/terminal';
import type { Line, Theme } from '@arcrun/client/terminal';

/** Where the run of a workflow is shown. */
export interface WorkflowDisplay {
  show(stats: BatchStats): void;
  note(text: string): void;
  /** Leaves the terminal as it was found; may be called twice. */
  close(): void;
}

const REDRAW_MS = 100;
const MARGIN = '  ';
const MAX_BAR_COLUMNS = 50;
/** Without a terminal, a line after each of so many parts of the whole. */
const PLAIN_PARTS = 10;

/** Redrawn in place on a terminal, else a line now and then. */
export function openWorkflowDisplay(output: NodeJS.WriteStream, title: string): WorkflowDisplay {
  return canRedraw(output, process.env) ? liveDisplay(output, title) : plainDisplay(output, title);
}

function countEnded({ status_counts: counts }: BatchStats): number {
  return counts.success + counts.failure + counts.canceled;
}

function liveDisplay(output: NodeJS.WriteStream, title: string): WorkflowDisplay {
  const theme = themeOf(output, process.env);
  const screen = openScreen(output, theme.colour);
  const startedAtMs = performance.now();
  let stats: BatchStats | null = null;
  let note: string | null = null;
  let tick = 0;
  const draw = (): void => {
    if (stats === null) return;
    tick += 1;
    const seconds = (performance.now() - startedAtMs) / 1000;
    screen.draw(renderWorkflow(title, stats, { seconds, note, columns: screen.columns, tick, theme }));
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  output.on('resize', draw);
  return {
    show(next) {
      stats = next;
      note = null;
      draw();
    },
    note(text) {
      note = text;
    },
    close() {
      clearInterval(timer);
      output.removeListener('resize', draw);
      screen.close();
    },
  };
}

interface WorkflowFrame {
  seconds: number;
  note: string | null;
  columns: number;
  tick: number;
  theme: Theme;
}

/** A bar, and how many tasks are in which state. */
function renderWorkflow(title: string, stats: BatchStats, frame: WorkflowFrame): Line[] {
  const { columns, theme, tick } = frame;
  const ended = countEnded(stats);
  const sum = ` ${formatCount(ended)}/${formatCount(stats.total_tasks)}  ${formatSeconds(frame.seconds)}`;
  const barColumns = Math.max(4, Math.min(MAX_BAR_COLUMNS, columns - MARGIN.length - sum.length));
  const counts = new Map(Object.entries(stats.status_counts));
  const legend = renderLegend({
    count: (status) => counts.get(status.toLowerCase()) ?? 0,
    columns,
    tick,
    symbols: theme.symbols,
  });
  return [
    [[MARGIN], [title, 'strong']],
    [[MARGIN], ...bar(ended / Math.max(1, stats.total_tasks), barColumns, theme.symbols), [sum]],
    ...legend,
    ...(frame.note === null ? [] : [[[MARGIN], [frame.note, 'planned']] satisfies Line]),
  ];
}

function plainDisplay(output: NodeJS.WriteStream, title: string): WorkflowDisplay {
  const startedAtMs = performance.now();
  let part = 0;
  output.write(`${title}\n`);
  return {
    show(stats) {
      const ended = countEnded(stats);
      const reached = Math.floor((ended * PLAIN_PARTS) / Math.max(1, stats.total_tasks));
      if (reached <= part) return;
      part = reached;
      const after = formatSeconds((performance.now() - startedAtMs) / 1000).padStart(6);
      output.write(`${after}  ${formatCount(ended)} of ${formatCount(stats.total_tasks)} tasks have ended\n`);
    },
    note(text) {
      output.write(`        ${text}\n`);
    },
    close() {},
  };
}
