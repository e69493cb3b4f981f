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
