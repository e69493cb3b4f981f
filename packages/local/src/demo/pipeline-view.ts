import type { StatusKind } from '@arcrun/client';
import { bar, formatSeconds, renderLegend, symbolOf, TONES } from '@arcrun/client/terminal';
import type { Line, Segment, Theme, Tone } from '@arcrun/client/terminal';

export interface StepView {
  name: string;
  stage: string;
  status: StatusKind;
  /** So far, or in all; null before the start. */
  seconds: number | null;
  /** 0…1 while there is progress to tell of. */
  share: number | null;
  /** It is meant to fail. */
  planned: boolean;
}

export interface PipelineView {
  steps: readonly StepView[];
  seconds: number;
  /** What else the reader should know now. */
  note: string | null;
}

export interface Frame {
  columns: number;
  rows: number;
  /** Counts up with each frame. */
  tick: number;
  theme: Theme;
}

const TIME_COLUMNS = 7;
const GAP = '   ';
const MARGIN = '  ';
const MAX_BAR_COLUMNS = 40;

export function isEnded(status: StatusKind): boolean {
  return status === 'Success' || status === 'Failure' || status === 'Canceled';
}

/** The pipeline as lines: all tasks when the terminal has room for them, else a row per stage, else the sum. */
export function renderPipeline(title: string, view: PipelineView, frame: Frame): Line[] {
  const head = renderHead(title, view, frame);
  const foot = renderFoot(view, frame);
  const stages = Map.groupBy(view.steps, (step) => step.stage);
  const room = frame.rows - 1;
  for (const body of [renderTasks(stages, frame), renderStages(stages, frame)]) {
    if (body === null) continue;
    const lines = [...head, [], ...body, [], ...foot];
    if (lines.length <= room) return lines;
  }
  return [...head, ...foot].slice(0, Math.max(1, room));
}

function renderHead(title: string, view: PipelineView, { columns, theme }: Frame): Line[] {
  const ended = view.steps.filter((step) => isEnded(step.status)).length;
  const sum = ` ${ended}/${view.steps.length}  ${formatSeconds(view.seconds)}`;
  const barColumns = Math.max(4, Math.min(MAX_BAR_COLUMNS, columns - MARGIN.length - sum.length));
  return [
    [[MARGIN], [title, 'strong']],
    [[MARGIN], ...bar(ended / Math.max(1, view.steps.length), barColumns, theme.symbols), [sum]],
  ];
}

function renderFoot(view: PipelineView, { columns, tick, theme }: Frame): Line[] {
  const lines = renderLegend({
    count: (status) => view.steps.filter((step) => step.status === status).length,
    planned: view.steps.filter((step) => step.planned && step.status === 'Failure').length,
    columns,
    tick,
    symbols: theme.symbols,
  });
  return view.note === null ? lines : [...lines, [[MARGIN], [view.note, 'planned']]];
}

/** Null when not even one column of tasks fits. */
function renderTasks(stages: ReadonlyMap<string, readonly StepView[]>, frame: Frame): Line[] | null {
  const all = [...stages.values()].flat();
  const stageColumns = longest([...stages.keys()]);
  const nameColumns = longest(all.map((step) => step.name));
  const cellColumns = 2 + nameColumns + 1 + TIME_COLUMNS;
  const room = frame.columns - MARGIN.length - stageColumns - 3;
  const perRow = Math.floor((room + GAP.length) / (cellColumns + GAP.length));
  if (perRow < 1) return null;
  const [alone, first, between, last] = frame.theme.symbols.brackets;
  return [...stages].flatMap(([stage, steps]) => {
    const rows = Array.from({ length: Math.ceil(steps.length / perRow) }, (_, row) =>
      steps.slice(row * perRow, (row + 1) * perRow),
    );
    return rows.map((row, n): Line => {
      const bracket = rows.length === 1 ? alone : n === 0 ? first : n === rows.length - 1 ? last : between;
      const cells = row.flatMap((step, at): Segment[] => [
        ...(at === 0 ? [] : [[GAP] as const]),
        ...renderCell(step, nameColumns, frame),
      ]);
      const label = (n === 0 ? stage : '').padEnd(stageColumns);
      return [[MARGIN], [label, 'strong'], [` ${bracket} `, 'faint'], ...cells];
    });
  });
}

function renderCell(step: StepView, nameColumns: number, { tick, theme }: Frame): Segment[] {
  const tone = toneOf(step);
  const name = step.name.padEnd(nameColumns + 1);
  const busy = step.status === 'Running' || step.status === 'Claimed';
  const nameSegment: Segment = isEnded(step.status) || busy ? [name] : [name, 'faint'];
  return [[symbolOf(step.status, tick, theme.symbols), tone], [' '], nameSegment, ...renderTime(step, theme)];
}

function renderTime(step: StepView, theme: Theme): Segment[] {
  if (step.status === 'Running' && step.share !== null) {
    return bar(step.share, TIME_COLUMNS, theme.symbols);
  }
  if (step.planned && step.status === 'Failure') return [['planned'.padStart(TIME_COLUMNS), 'planned']];
  const time = step.seconds === null ? '' : formatSeconds(step.seconds);
  return [[time.padStart(TIME_COLUMNS), 'faint']];
}

function renderStages(stages: ReadonlyMap<string, readonly StepView[]>, { tick, theme }: Frame): Line[] {
  const stageColumns = longest([...stages.keys()]);
  return [...stages].map(([stage, steps]) => [
    [MARGIN],
    [stage.padEnd(stageColumns + 1), 'strong'],
    ...steps.map((step): Segment => [symbolOf(step.status, tick, theme.symbols), toneOf(step)]),
    [` ${steps.filter((step) => isEnded(step.status)).length}/${steps.length}`, 'faint'],
  ]);
}

function toneOf(step: StepView): Tone {
  return step.planned && step.status === 'Failure' ? 'planned' : TONES[step.status];
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}
