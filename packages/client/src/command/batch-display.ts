import {
  bar,
  canRedraw,
  formatCount,
  formatSeconds,
  openScreen,
  printable,
  renderLegend,
  symbolOf,
  themeOf,
  TONES,
} from '../terminal/index.ts';
import type { Line, Theme } from '../terminal/index.ts';
import type { BasicTask, BatchStats, StatusCounts } from '../types.ts';
import { countsText, durationText, endedOf, tasksText } from './render.ts';

/** Where a batch is shown while it runs. */
export interface BatchDisplay {
  /** @param changed the tasks that are told of; null when `tasks` is a fresh look at all */
  show(batch: BatchStats, tasks: ReadonlyMap<string, BasicTask>, changed: readonly BasicTask[] | null): void;
  note(text: string): void;
  /** Leaves the terminal as it was found; may be called twice. */
  close(): void;
}

const REDRAW_MS = 100;
const MARGIN = '  ';
const MAX_BAR_COLUMNS = 50;
const MAX_NAMED_TASKS = 12;

/** Redrawn in place on a terminal, else a line for each change. */
export function openBatchDisplay(
  output: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
  batchId: string,
): BatchDisplay {
  return canRedraw(output, env) ? liveDisplay(output, env, batchId) : plainDisplay(output);
}

interface Frame {
  batchId: string;
  batch: BatchStats;
  tasks: ReadonlyMap<string, BasicTask>;
  note: string | null;
  nowMs: number;
  columns: number;
  rows: number;
  tick: number;
  theme: Theme;
}

function liveDisplay(output: NodeJS.WriteStream, env: NodeJS.ProcessEnv, batchId: string): BatchDisplay {
  const theme = themeOf(output, env);
  const screen = openScreen(output, theme.colour);
  let state: Pick<Frame, 'batch' | 'tasks'> | null = null;
  let note: string | null = null;
  let tick = 0;
  const draw = (): void => {
    if (state === null) return;
    tick += 1;
    const { columns, rows } = screen;
    screen.draw(renderBatch({ batchId, ...state, note, nowMs: Date.now(), columns, rows, tick, theme }));
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  output.on('resize', draw);
  return {
    show(batch, tasks) {
      state = { batch, tasks };
      note = null;
      draw();
    },
    note(text) {
      note = text;
      draw();
    },
    close() {
      clearInterval(timer);
      output.removeListener('resize', draw);
      screen.close();
    },
  };
}

/** A bar, how many tasks are in which state, and those at work by name, as far as there is room. */
export function renderBatch(frame: Frame): Line[] {
  const { batch, tasks, columns, rows, theme, tick } = frame;
  const ended = endedOf(batch.status_counts);
  const sum = ` ${formatCount(ended)}/${formatCount(batch.total_tasks)}  ${secondsText(tasks, frame.nowMs)}`;
  const barColumns = Math.max(4, Math.min(MAX_BAR_COLUMNS, columns - MARGIN.length - sum.length));
  const head: Line[] = [
    [[MARGIN], [`Batch ${frame.batchId}`, 'strong']],
    [[MARGIN], ...bar(ended / Math.max(1, batch.total_tasks), barColumns, theme.symbols), [sum]],
    ...renderLegend({
      count: (status) => countOf(batch.status_counts, status),
      columns,
      tick,
      symbols: theme.symbols,
    }),
    ...(frame.note === null ? [] : [[[MARGIN], [frame.note, 'planned']] satisfies Line]),
  ];
  // The cursor stands on a line of its own below.
  const room = Math.max(0, Math.min(MAX_NAMED_TASKS, rows - head.length - 2));
  const atWork = [...tasks.values()].filter(({ status }) => status === 'Running' || status === 'Claimed');
  const named = atWork
    .slice(0, room)
    .map((task): Line => [
      [MARGIN],
      [symbolOf(task.status, tick, theme.symbols), TONES[task.status]],
      [` ${printable(task.name)}`],
      [workText(task) + attemptText(task), 'faint'],
    ]);
  const more = atWork.length - named.length;
  return [
    ...head,
    ...named,
    ...(more > 0 && room > 0 ? [[[`${MARGIN}and ${formatCount(more)} more`, 'faint']] satisfies Line] : []),
  ];
}

function countOf(counts: StatusCounts, status: string): number {
  return new Map(Object.entries(counts)).get(status.toLowerCase()) ?? 0;
}

/** Of a further attempt. */
function attemptText({ attempt, max_attempts: most }: BasicTask): string {
  return attempt === 1 ? '' : `  attempt ${attempt} of ${most}`;
}

function workText(task: BasicTask): string {
  if (task.expected_count === null) return '';
  return `  ${formatCount(task.success + task.failures)}/${formatCount(task.expected_count)}`;
}

/** Since the batch was created, by this machine's clock; once all have ended, by the server's. */
function secondsText(tasks: ReadonlyMap<string, BasicTask>, nowMs: number): string {
  let from = Infinity;
  let to = -Infinity;
  for (const { created_at, ended_at } of tasks.values()) {
    from = Math.min(from, Date.parse(created_at));
    to = Math.max(to, ended_at === null ? Infinity : Date.parse(ended_at));
  }
  if (from === Infinity) return '';
  return formatSeconds(Math.max(0, ((to === Infinity ? nowMs : to) - from) / 1000));
}

function plainDisplay(output: NodeJS.WriteStream): BatchDisplay {
  const statusOf = new Map<string, string>();
  const line = (text: string): void => {
    output.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);
  };
  return {
    show(batch, tasks, changed) {
      const isFirst = statusOf.size === 0 && changed === null;
      if (isFirst) {
        line(`${tasksText(batch.total_tasks)}: ${countsText(batch.status_counts)}`);
      }
      for (const task of changed ?? tasks.values()) {
        const moved = statusOf.get(task.id) !== task.status;
        statusOf.set(task.id, task.status);
        if (!moved || isFirst) continue;
        const time = durationText(task);
        line(
          `${task.status.padEnd(8)}  ${printable(task.name)}${time === '' ? '' : `  ${time}`}${attemptText(task)}`,
        );
      }
    },
    note: line,
    close() {},
  };
}
