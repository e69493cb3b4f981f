import { formatCount, formatSeconds, printable, textTable } from '../terminal/index.ts';
import type {
  BasicTask,
  BatchStats,
  BatchSummary,
  Dag,
  Delivery,
  Explanation,
  NamedTask,
  RerunPlan,
  StatusCounts,
  WaitReason,
} from '../types.ts';

const COUNT_WORDS: readonly (readonly [keyof StatusCounts, string])[] = [
  ['success', 'succeeded'],
  ['failure', 'failed'],
  ['canceled', 'canceled'],
  ['running', 'running'],
  ['claimed', 'called'],
  ['pending', 'ready'],
  ['paused', 'paused'],
  ['waiting', 'waiting'],
];

/** `8 succeeded, 1 failed`; what is 0 is left out. */
export function countsText(counts: StatusCounts): string {
  const parts = COUNT_WORDS.flatMap(([key, word]) =>
    counts[key] === 0 ? [] : [`${formatCount(counts[key])} ${word}`],
  );
  return parts.join(', ') || 'no tasks';
}

/** `1 task`, `1,738 tasks`. */
export function tasksText(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'task' : 'tasks'}`;
}

export function endedOf(counts: StatusCounts): number {
  return counts.success + counts.failure + counts.canceled;
}

/** `2026-01-31 12:00:00`, UTC. */
function timeText(time: string): string {
  return time.slice(0, 19).replace('T', ' ');
}

/** Reported work, of what is expected when that is known. */
function progressText(task: BasicTask): string {
  const done = task.success + task.failures;
  if (task.expected_count === null) return done === 0 ? '' : formatCount(done);
  return `${formatCount(done)}/${formatCount(task.expected_count)}`;
}

/** `2/5`; empty of a task that has only one attempt. */
function attemptText(task: BasicTask): string {
  return task.max_attempts === 1 ? '' : `${task.attempt}/${task.max_attempts}`;
}

/** From start to end; empty of a task that has not both. */
export function durationText(task: BasicTask): string {
  if (task.started_at === null || task.ended_at === null) return '';
  return formatSeconds(Math.max(0, (Date.parse(task.ended_at) - Date.parse(task.started_at)) / 1000));
}

export function batchTable(batches: readonly BatchSummary[]): string[] {
  if (batches.length === 0) return ['There is no such batch.'];
  const rows = batches.map((batch) => [
    batch.batch_id,
    timeText(batch.first_created_at),
    `${formatCount(endedOf(batch.status_counts))}/${formatCount(batch.total_tasks)}`,
    printable(batch.scope ?? ''),
    countsText(batch.status_counts),
  ]);
  return textTable(['BATCH', 'CREATED (UTC)', 'ENDED', 'SCOPE', 'TASKS'], rows, new Set([2]));
}

export function taskTable(tasks: readonly BasicTask[]): string[] {
  if (tasks.length === 0) return ['There is no such task.'];
  return tableOf(tasks, [ID, STATUS, NAME, KIND, TRY, WORK, TIME]);
}

/** A column of a table of tasks. */
interface Column {
  readonly head: string;
  readonly cell: (task: BasicTask) => string;
  readonly isNumber?: true;
}

const ID: Column = { head: 'TASK', cell: ({ id }) => id };
const STATUS: Column = { head: 'STATUS', cell: ({ status }) => status };
const NAME: Column = { head: 'NAME', cell: ({ name }) => printable(name) };
const KIND: Column = { head: 'KIND', cell: ({ kind }) => printable(kind) };
const TRY: Column = { head: 'TRY', cell: attemptText, isNumber: true };
const WORK: Column = { head: 'WORK', cell: progressText, isNumber: true };
const TIME: Column = { head: 'TIME', cell: durationText, isNumber: true };

function tableOf(tasks: readonly BasicTask[], columns: readonly Column[]): string[] {
  const areRetried = tasks.some((task) => task.max_attempts > 1);
  const shown = columns.filter((column) => column !== TRY || areRetried);
  return textTable(
    shown.map(({ head }) => head),
    tasks.map((task) => shown.map(({ cell }) => cell(task))),
    new Set(shown.flatMap(({ isNumber }, index) => (isNumber ? [index] : []))),
  );
}

/** A batch and its tasks, each with its parents; one that need not succeed stands in brackets. */
export function batchLines(batch: BatchStats, dag: Dag, pageUrl: string): string[] {
  const nameOf = new Map(dag.tasks.map((task) => [task.id, printable(task.name)]));
  const parentsOf = new Map<string, string[]>();
  for (const { parent_id, child_id, requires_success } of dag.links) {
    const name = nameOf.get(parent_id) ?? parent_id;
    const parents = parentsOf.get(child_id) ?? [];
    parentsOf.set(child_id, parents);
    parents.push(requires_success ? name : `[${name}]`);
  }
  const after: Column = { head: 'AFTER', cell: ({ id }) => (parentsOf.get(id) ?? []).join(', ') };
  return [
    `Batch ${batch.batch_id}: ${tasksText(batch.total_tasks)}, ${countsText(batch.status_counts)}.`,
    `It is shown at ${pageUrl}.`,
    ...(batch.rerun_of === null ? [] : [`It runs tasks of batch ${batch.rerun_of} again.`]),
    ...batch.reruns.slice(0, 1).map((latest) => `Its tasks ran again in batch ${latest}.`),
    ...(dag.tasks.length === 0
      ? []
      : ['', ...tableOf(dag.tasks, [ID, STATUS, NAME, TRY, WORK, TIME, after])]),
  ];
}

/** What a rerun would run, and why. */
export function rerunLines({ tasks, skipped }: RerunPlan): string[] {
  const out = skipped === 0 ? '' : `, ${tasksText(skipped)} would stay out`;
  if (tasks.length === 0) return [`Nothing would run${out}.`];
  const rows = tasks.map(({ id, name, kind, why }) => [id, printable(name), printable(kind), printable(why)]);
  return [
    `${tasksText(tasks.length)} would run again${out}.`,
    '',
    ...textTable(['TASK', 'NAME', 'KIND', 'ENDED AS'], rows),
  ];
}

export function deliveryTable(deliveries: readonly Delivery[]): string[] {
  if (deliveries.length === 0) return ['There is no such delivery.'];
  const rows = deliveries.map((delivery) => [
    delivery.id,
    delivery.status,
    delivery.trigger + (delivery.condition === null ? '' : ` ${delivery.condition}`),
    delivery.task_id === null ? `batch ${delivery.batch_id}` : `task ${delivery.task_id}`,
    formatCount(delivery.attempts),
    printable(delivery.last_error ?? ''),
  ]);
  return textTable(['DELIVERY', 'STATUS', 'CALL', 'OF', 'TRIES', 'LAST ERROR'], rows, new Set([4]));
}

export function explanationLines(explanation: Explanation): string[] {
  const { status, frees, waiting_for: reasons, open_parents: open } = explanation;
  const shown = reasons.filter(({ type }) => type === 'parent').length;
  return [
    `It is ${status}. ${printable(frees)}.`,
    ...reasons.flatMap((reason) => reasonLines(reason)),
    ...(open > shown ? [`  and ${formatCount(open - shown)} more parents`] : []),
  ];
}

/** Who stands in the way, with the ids that other commands take; what is paused, between attempts or without a worker is said above. */
function reasonLines(reason: WaitReason): string[] {
  switch (reason.type) {
    case 'parent':
      return [`  parent ${namedText(reason)}${reason.requires_success ? ', which must succeed' : ''}`];
    case 'rule': {
      const counted = reason.occupancy_is_minimum ? 'at least ' : '';
      const before = reason.position_is_minimum ? 'at least ' : '';
      const place = reason.position === null ? '' : `, this task is ${before}number ${reason.position}`;
      return [
        `  rule for ${printable(reason.rule.matcher.kind)}: ${counted}${reason.occupancy} of ${reason.limit}${place}`,
        ...reason.holders.map((holder) => `    held by ${namedText(holder)}`),
      ];
    }
    case 'metadata':
      return [`  metadata: ${printable(reason.field)} is missing`];
    case 'origin':
      return [
        `  receiver ${reason.origin}: ${
          reason.probe_at === undefined
            ? 'has as many open calls as it may'
            : `tried again at ${timeText(reason.probe_at)} UTC`
        }`,
      ];
    case 'paused':
    case 'retry':
    case 'worker':
      return [];
    default:
      // A server of a newer version knows more reasons; its sentence tells of them.
      return [];
  }
}

function namedText({ id, name, status }: NamedTask): string {
  return `${id}  ${status}  ${printable(name)}`;
}
