import type { OpenSpan, SpanAttributes, Traceparent, Tracing } from './tracing.ts';

/** What traces need to know of a task. */
export interface TracedTask {
  readonly id: string;
  readonly batchId: string;
  readonly kind: string;
  /** Of the request that created its batch. */
  readonly traceparent: Traceparent;
  /** Some of its parents. */
  readonly parents: readonly string[];
  readonly status: string;
  /** Times in ms since 1970. */
  readonly updatedMs: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
}

/**
 * The span that stands for a task in the trace of its batch: the id of the one is made from the id of the other, so
 * that every process knows it and nobody stores it. It is recorded when the task is claimed for the first time.
 */
export function taskTraceparent(batch: Traceparent, taskId: string): Traceparent {
  const [version, traceId, , flags] = batch.split('-');
  return `${version}-${traceId}-${spanIdOf(taskId)}-${flags}`;
}

// The random half of a UUID of version 7; never zero, since it begins with the variant.
const spanIdOf = (taskId: string): string => taskId.replaceAll('-', '').slice(16);

const isRecorded = (traceparent: Traceparent): boolean => traceparent.endsWith('-01');

const describe = ({ id, batchId, kind }: TracedTask): SpanAttributes => ({
  'arcrun.task_id': id,
  'arcrun.batch_id': batchId,
  'arcrun.kind': kind,
});

/**
 * Records that a task was claimed: the time from Pending until now. It is linked to its parents, and to the round
 * that claimed it, which may have been rung for by somebody else.
 */
export function recordClaim(
  tracing: Tracing,
  task: TracedTask,
  { claim, round }: { readonly claim: number; readonly round: Traceparent | undefined },
): void {
  const { id, traceparent, parents, updatedMs } = task;
  const nowMs = Date.now();
  const isFirst = claim === 1;
  const span = tracing.start({
    name: `claim ${task.kind}`,
    kind: 'internal',
    parent: isFirst ? traceparent : taskTraceparent(traceparent, id),
    ...(isFirst && { spanId: spanIdOf(id) }),
    links: [
      ...parents.map((parent) => taskTraceparent(traceparent, parent)),
      ...(round !== undefined && isRecorded(round) ? [round] : []),
    ],
    attributes: { ...describe(task), 'arcrun.claim': claim },
    beganMs: Math.min(updatedMs, nowMs),
  });
  span.end(nowMs);
}

/** Begins the span of a webhook call of a task. */
export function startTaskCall(
  tracing: Tracing,
  task: TracedTask,
  name: string,
  attributes: SpanAttributes,
): OpenSpan {
  return tracing.start({
    name: `${name} ${task.kind}`,
    kind: 'client',
    parent: taskTraceparent(task.traceparent, task.id),
    attributes: { ...describe(task), ...attributes },
  });
}

/** Records the time of an ended task in Running, linked to who ended it. */
export function recordRun(tracing: Tracing, task: TracedTask, endedBy: readonly Traceparent[]): void {
  const { id, kind, traceparent, status, startedMs, endedMs } = task;
  if (endedMs === null) return;
  const span = tracing.start({
    name: `run ${kind}`,
    kind: 'internal',
    parent: taskTraceparent(traceparent, id),
    links: endedBy,
    attributes: { ...describe(task), 'arcrun.status': status },
    beganMs: startedMs ?? endedMs,
  });
  if (status === 'Failure') span.fail('the task failed');
  span.end(endedMs);
}
