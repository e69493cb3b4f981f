import type { Metrics } from './metrics.ts';

/** What an end brought about on other tasks and batches, as far as it is counted. */
export interface CountedEffects {
  readonly released: number;
  readonly failed: number;
  readonly canceled: number;
  readonly completed: number;
  readonly endedFrom: readonly { readonly from: string; readonly to: string; readonly count: number }[];
}

/** Counts what ends brought about besides themselves. */
export function countEffects(metrics: Metrics, effects: CountedEffects): void {
  metrics.tasksUnblocked.inc(effects.released);
  metrics.tasksFailedByDependency.inc(effects.failed);
  metrics.tasksCancelled.inc(effects.canceled);
  if (effects.released > 0)
    metrics.taskStatusTransitions.inc({ from_status: 'Waiting', to_status: 'Pending' }, effects.released);
  for (const { from, to, count } of effects.endedFrom)
    metrics.taskStatusTransitions.inc({ from_status: from, to_status: to }, count);
  metrics.batchesCompleted.inc(effects.completed);
}

/** A task that ended by itself: its client reported it, its `on_start` failed, or it timed out. */
export interface CountedEnd {
  readonly was: string;
  readonly status: string;
  readonly kind: string;
  /** Its time in Running; null when it never was. */
  readonly seconds: number | null;
}

export function countEnd(metrics: Metrics, { was, status, kind, seconds }: CountedEnd): void {
  const labels = { outcome: status.toLowerCase(), kind: metrics.kindLabel(kind) };
  metrics.tasksCompleted.inc(labels);
  metrics.taskStatusTransitions.inc({ from_status: was, to_status: status });
  metrics.dependencyPropagations.inc({ parent_outcome: labels.outcome });
  if (seconds !== null) metrics.taskDuration.observe(labels, seconds);
}

/** Counts an attempt that failed and is followed by another one. */
export function countRetry(
  metrics: Metrics,
  { was, kind }: { readonly was: string; readonly kind: string },
  cause: 'failure' | 'timeout' | 'start',
): void {
  metrics.taskRetries.inc({ kind: metrics.kindLabel(kind), cause });
  metrics.taskStatusTransitions.inc({ from_status: was, to_status: 'Pending' });
}

/** Counts claims that were given back. */
export function countHandBacks(metrics: Metrics, reason: string, count: number): void {
  metrics.claimsHandedBack.inc({ reason }, count);
  metrics.taskStatusTransitions.inc({ from_status: 'Claimed', to_status: 'Pending' }, count);
}

/** Counts notifications that were given up. */
export function countExhausted(metrics: Metrics, trigger: string, count: number): void {
  metrics.webhookDeliveryExhausted.inc(count);
  metrics.webhookExecutions.inc({ trigger, outcome: 'failure' }, count);
}
