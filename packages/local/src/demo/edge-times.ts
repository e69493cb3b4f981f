import type { CallRecord } from '../receiver/records.ts';

/** A task of a workflow, with the id that the server gave it. */
export interface PlacedTask {
  taskId: string;
  kind: string;
  /** Server ids. */
  parentIds: readonly string[];
}

/** Times of one kind of edge, in milliseconds. */
export interface EdgeTimes {
  label: string;
  calls: number;
  medianMs: number;
  p99Ms: number;
  worstMs: number;
}

export interface MeasuredEdges {
  /** The worst first; those beyond the limit summed up in the last. */
  classes: EdgeTimes[];
  /** Null when nothing could be measured. */
  all: EdgeTimes | null;
  /** Tasks that were called before their last parent had ended: there must be none. */
  tooEarly: number;
  /** Tasks with parents that the receiver has no times of. */
  unmeasured: number;
  /** Tasks whose call came more than once. */
  calledAgain: number;
}

export interface MeasureOptions {
  /** Edge classes to list one by one. */
  maxClasses: number;
  /** How a kind is written in a label. */
  shorten: (kind: string) => string;
}

interface EdgeClass {
  label: string;
  timesMs: number[];
}

/**
 * For each task with parents, the time from the report of its last parent's end to its own first call,
 * both by the receiver's clock; the edge is that from the last parent.
 */
export function measureEdges(
  tasks: readonly PlacedTask[],
  records: readonly CallRecord[],
  options: MeasureOptions,
): MeasuredEdges {
  const byId = new Map(records.map((record) => [record.task_id, record]));
  const kinds = new Map(tasks.map((task) => [task.taskId, task.kind]));
  const classes = new Map<string, EdgeClass>();
  let tooEarly = 0;
  let unmeasured = 0;
  for (const task of tasks) {
    if (task.parentIds.length === 0) continue;
    const last = lastParent(task, byId);
    const calledAtMs = byId.get(task.taskId)?.starts[0]?.at_ms;
    if (last === null || calledAtMs === undefined) {
      unmeasured += 1;
      continue;
    }
    const waitMs = calledAtMs - last.endedAtMs;
    if (waitMs < 0) tooEarly += 1;
    const from = kinds.get(last.id) ?? '';
    // Two kinds may be the same when shortened.
    const key = JSON.stringify([from, task.kind]);
    const known = classes.get(key);
    const label = `${options.shorten(from)} → ${options.shorten(task.kind)}`;
    if (known) known.timesMs.push(waitMs);
    else classes.set(key, { label, timesMs: [waitMs] });
  }
  const every = [...classes.values()].flatMap((one) => one.timesMs);
  return {
    classes: listClasses([...classes.values()], options.maxClasses),
    all: every.length === 0 ? null : summarise('all edges', every),
    tooEarly,
    unmeasured,
    calledAgain: tasks.filter((task) => (byId.get(task.taskId)?.starts.length ?? 0) > 1).length,
  };
}

/** Null when the end of any parent is not known, since then the last one is not. */
function lastParent(
  task: PlacedTask,
  records: ReadonlyMap<string, CallRecord>,
): { id: string; endedAtMs: number } | null {
  let last: { id: string; endedAtMs: number } | null = null;
  for (const id of task.parentIds) {
    const endedAtMs = records.get(id)?.end?.sent_at_ms;
    if (endedAtMs == null) return null;
    if (last === null || endedAtMs > last.endedAtMs) last = { id, endedAtMs };
  }
  return last;
}

function listClasses(classes: readonly EdgeClass[], maxClasses: number): EdgeTimes[] {
  const sorted = classes
    .map(({ label, timesMs }) => ({ timesMs, times: summarise(label, timesMs) }))
    .sort((a, b) => b.times.worstMs - a.times.worstMs);
  const listed = sorted.slice(0, maxClasses).map((one) => one.times);
  const rest = sorted.slice(maxClasses);
  if (rest.length === 0) return listed;
  const restMs = rest.flatMap((one) => one.timesMs);
  return [...listed, summarise(`${rest.length} other classes`, restMs)];
}

function summarise(label: string, timesMs: readonly number[]): EdgeTimes {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return {
    label,
    calls: sorted.length,
    medianMs: nearestRank(sorted, 0.5),
    p99Ms: nearestRank(sorted, 0.99),
    worstMs: sorted.at(-1) ?? 0,
  };
}

/** The smallest value that at least this share of the values does not exceed. */
function nearestRank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
