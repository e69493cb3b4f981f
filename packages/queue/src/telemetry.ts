import type { Telemetry } from 'bullmq';

export type QueueTelemetry = Telemetry;

/**
 * BullMQ's spans, for a process that traces: a bell that a traced request rings carries its trace, and the round
 * that answers it is a span there. What workers ring themselves is not given it: one round rings for the next, and
 * the trace would never end.
 */
export async function openQueueTelemetry(): Promise<QueueTelemetry> {
  const { createTelemetry } = await import('./bullmq-telemetry.ts');
  return createTelemetry();
}

/** Runs what goes on for ever outside of the span that happens to begin it. */
export function detached<T>(telemetry: QueueTelemetry | undefined, run: () => T): T {
  const { contextManager } = telemetry ?? {};
  return contextManager?.root === undefined ? run() : contextManager.with(contextManager.root(), run);
}
