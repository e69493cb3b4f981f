import type { Bell, JobPayloads } from '@arcrun/contracts';
import type { Logger, Metrics } from '@arcrun/observability';
import {
  type Processor,
  type ProcessorOptions,
  type QueueName,
  type Round,
  startProcessor,
} from '@arcrun/queue';

export interface ConsumeOptions extends Pick<ProcessorOptions, 'redis' | 'telemetry'> {
  /** What a round of each queue does. */
  readonly rounds: { readonly [Queue in QueueName]: (bell: JobPayloads[Queue]) => Promise<Round | void> };
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Tells of a round that failed. */
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Starts to consume all queues; each round is counted and measured. */
export function consumeQueues({
  rounds,
  redis,
  telemetry,
  metrics,
  logger,
  warn,
}: ConsumeOptions): Map<QueueName, Processor> {
  const start = (queue: QueueName): Processor => {
    const loop = queue === 'webhook' ? 'delivery' : queue;
    const process = async (bell: Bell) => {
      const beganMs = performance.now();
      try {
        return await rounds[queue](bell);
      } finally {
        const durationMs = performance.now() - beganMs;
        metrics.workerLoopIterations.inc({ loop });
        metrics.workerLoopDuration.observe({ loop }, durationMs / 1000);
        logger.debug('round ended', { queue, ...bell, duration_ms: Math.round(durationMs) });
      }
    };
    const onError = (_queue: QueueName, error: Error, bell?: Bell) =>
      warn('round failed', { queue, ...bell, error });
    const onStalled = () => metrics.queueStalled.inc({ queue });
    return startProcessor({ queue, redis, telemetry, process, onError, onStalled });
  };
  return new Map(Object.keys(rounds).map((queue) => [queue as QueueName, start(queue as QueueName)]));
}
