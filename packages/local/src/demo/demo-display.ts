import { isEnded, renderPipeline } from './pipeline-view.ts';
import type { PipelineView, StepView } from './pipeline-view.ts';
import { canRedraw, formatSeconds, openScreen, symbolOf, textTable, themeOf } from '@arcrun/client/terminal';

/** Where the demo is shown. */
export interface DemoDisplay {
  show(view: PipelineView): void;
  /** Says something beside the last view. */
  note(text: string): void;
  /** Draws the last view once more, with these lines after it. */
  finish(lines: readonly string[]): void;
  /** Leaves the terminal as it was found; may be called twice. */
  close(): void;
}

const REDRAW_MS = 100;

/** Redrawn in place on a terminal, else a line for each end and a table. */
export function openDemoDisplay(output: NodeJS.WriteStream, title: string): DemoDisplay {
  return canRedraw(output, process.env) ? liveDisplay(output, title) : plainDisplay(output, title);
}

function liveDisplay(output: NodeJS.WriteStream, title: string): DemoDisplay {
  const theme = themeOf(output, process.env);
  const screen = openScreen(output, theme.colour);
  const runningSince = new Map<string, number>();
  let view: PipelineView | null = null;
  let seenAtMs = 0;
  let tick = 0;

  const draw = (): void => {
    if (view === null) return;
    tick += 1;
    const agoSeconds = (performance.now() - seenAtMs) / 1000;
    const steps = view.steps.map((step) => timed(step, runningSince));
    const shown = { ...view, steps, seconds: view.seconds + (isOver(view) ? 0 : agoSeconds) };
    const { columns, rows } = screen;
    screen.draw(renderPipeline(title, shown, { columns, rows, tick, theme }));
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  output.on('resize', draw);

  const close = (): void => {
    clearInterval(timer);
    output.removeListener('resize', draw);
    screen.close();
  };
  return {
    show(next) {
      view = next;
      seenAtMs = performance.now();
      draw();
    },
    note(text) {
      if (view !== null) view = { ...view, note: text };
    },
    finish(lines) {
      draw();
      close();
      output.write(['', ...lines, ''].map((line) => `  ${line}`.trimEnd()).join('\n'));
      output.write('\n');
    },
    close,
  };
}

/** The server's clock may differ from ours, so what runs is timed from when we saw it run. */
function timed(step: StepView, runningSince: Map<string, number>): StepView {
  if (step.status !== 'Running') return step;
  const since = runningSince.get(step.name) ?? performance.now();
  runningSince.set(step.name, since);
  return { ...step, seconds: (performance.now() - since) / 1000 };
}

function isOver(view: PipelineView): boolean {
  return view.steps.every((step) => isEnded(step.status));
}

function plainDisplay(output: NodeJS.WriteStream, title: string): DemoDisplay {
  const { symbols } = themeOf(output, process.env);
  const told = new Set<string>();
  let view: PipelineView | null = null;
  output.write(`${title}\n`);
  return {
    show(next) {
      view = next;
      for (const step of next.steps) {
        if (!isEnded(step.status) || told.has(step.name)) continue;
        told.add(step.name);
        const after = formatSeconds(next.seconds).padStart(6);
        output.write(`${after}  ${symbolOf(step.status, 0, symbols)} ${step.name}: ${step.status}\n`);
      }
    },
    note(text) {
      output.write(`        ${text}\n`);
    },
    finish(lines) {
      const rows = (view?.steps ?? []).map((step) => [
        step.stage,
        step.name,
        step.planned && step.status === 'Failure' ? 'Failure (on purpose)' : step.status,
        step.seconds === null ? '-' : formatSeconds(step.seconds),
      ]);
      const table = textTable(['stage', 'task', 'end', 'time'], rows, new Set([3]));
      output.write(`${['', ...table, '', ...lines].join('\n')}\n`);
    },
    close() {},
  };
}
