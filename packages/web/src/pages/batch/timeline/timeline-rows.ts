import type { BasicTask } from '../../../api/types.ts';

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the timeline shows of a kind. */
export interface KindRow {
  readonly kind: string;
  readonly tasks: readonly BasicTask[];
  /** How many of its tasks wait and run, in equal steps over the whole span. */
  readonly waiting: readonly number[];
  readonly running: readonly number[];
}

/** From before its start to its start, and from there to its end; null for what did not happen. */
export function spansOf(task: BasicTask, nowMs: number): { waiting: Span; running: Span | null } {
  const createdMs = Date.parse(task.created_at);
  const endedMs = task.ended_at === null ? nowMs : Date.parse(task.ended_at);
  const startedMs = task.started_at === null ? null : Date.parse(task.started_at);
  return {
    waiting: { fromMs: createdMs, toMs: Math.max(createdMs, startedMs ?? endedMs) },
    running: startedMs === null ? null : { fromMs: startedMs, toMs: Math.max(startedMs, endedMs) },
  };
}

/** From the first creation to the last end, or to now while there is something to come. */
export function wholeSpan(tasks: readonly BasicTask[], nowMs: number): Span {
  let fromMs = Infinity;
  let toMs = -Infinity;
  for (const task of tasks) {
    fromMs = Math.min(fromMs, Date.parse(task.created_at));
    toMs = Math.max(toMs, task.ended_at === null ? nowMs : Date.parse(task.ended_at));
  }
  return { fromMs, toMs: Math.max(fromMs + 1000, toMs) };
}

/** The kinds in the order of their first start, each with its tasks in the order of theirs. */
export function kindRows(tasks: readonly BasicTask[], span: Span, steps: number, nowMs: number): KindRow[] {
  const rows = [...Map.groupBy(tasks, ({ kind }) => kind)].map(([kind, members]) => {
    const sorted = members.toSorted((a, b) => startOf(a) - startOf(b));
    return { kind, tasks: sorted, ...countOverTime(sorted, span, steps, nowMs) };
  });
  return rows.toSorted((a, b) => startOf(a.tasks[0]!) - startOf(b.tasks[0]!));
}

const startOf = ({ started_at: started, created_at: created }: BasicTask): number =>
  started === null ? Date.parse(created) + 1e12 : Date.parse(started);

function countOverTime(
  tasks: readonly BasicTask[],
  span: Span,
  steps: number,
  nowMs: number,
): { waiting: number[]; running: number[] } {
  const waiting = Array.from({ length: steps + 1 }, () => 0);
  const running = Array.from({ length: steps + 1 }, () => 0);
  const stepOf = (ms: number): number =>
    Math.min(steps, Math.max(0, Math.floor((steps * (ms - span.fromMs)) / (span.toMs - span.fromMs))));
  const add = (counts: number[], { fromMs, toMs }: Span): void => {
    counts[stepOf(fromMs)]!++;
    // Something short is seen for one step.
    counts[Math.max(stepOf(fromMs) + 1, stepOf(toMs))]!--;
  };
  for (const task of tasks) {
    const spans = spansOf(task, nowMs);
    if (spans.waiting.toMs > spans.waiting.fromMs) add(waiting, spans.waiting);
    if (spans.running !== null) add(running, spans.running);
  }
  const sum = (changes: readonly number[]): number[] => {
    let count = 0;
    return changes.slice(0, steps).map((change) => (count += change));
  };
  return { waiting: sum(waiting), running: sum(running) };
}

/** Round times for the axis, at most so many. */
export function ticksOf({ fromMs, toMs }: Span, most: number): { atMs: number; text: string }[] {
  const step = STEPS_MS.find((ms) => (toMs - fromMs) / ms <= most) ?? STEPS_MS.at(-1)!;
  return Array.from({ length: Math.floor((toMs - fromMs) / step) + 1 }, (_, index) => ({
    atMs: fromMs + index * step,
    text: `+${formatOffset(index * step)}`,
  }));
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS_MS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 120, 240, 720].map((hours) => hours * HOUR),
];

function formatOffset(ms: number): string {
  if (ms < MINUTE) return `${Number((ms / SECOND).toFixed(1))} s`;
  if (ms < HOUR) return `${Number((ms / MINUTE).toFixed(1))} min`;
  return `${Number((ms / HOUR).toFixed(1))} h`;
}
