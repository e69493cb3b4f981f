import type { EndEffects } from '@arcrun/database';
import type { Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';

/** Rings for what ends brought about, and counts it. */
export function announceEffects(effects: EndEffects, doorbell: Doorbell, metrics: Metrics): void {
  if (effects.released > 0 || effects.freed) doorbell.ring('start');
  if (effects.notified > 0) doorbell.ring('webhook');
  if (effects.unfinished > 0) doorbell.ring('propagation');
  metrics.tasksUnblocked.inc(effects.released);
  metrics.tasksFailedByDependency.inc(effects.failed);
  metrics.tasksCancelled.inc(effects.canceled);
  if (effects.released > 0)
    metrics.taskStatusTransitions.inc({ from_status: 'Waiting', to_status: 'Pending' }, effects.released);
  for (const { from, to, count } of effects.endedFrom)
    metrics.taskStatusTransitions.inc({ from_status: from, to_status: to }, count);
  metrics.batchesCompleted.inc(effects.completed);
}
