import type { Bell, JobPayloads } from '@arcrun/contracts';
import type { Logger, Metrics } from '@arcrun/observability';
import {
  type Doorbell,
  type Processor,
  type ProcessorOptions,
  type QueueName,
  type Round,
  startProcessor,
} from '@arcrun/queue';

/** When a round that failed is made up for: what it was rung for is still to be done. */
const TRY_AGAIN_MS = 1000;

export interface ConsumeOptions extends Pick<ProcessorOptions, 'redis' | 'telemetry'> {
  /** What a round of each queue does. */
  readonly rounds: { readonly [Queue in QueueName]: (bell: JobPayloads[Queue]) => Promise<Round | void> };
  readonly doorbell: Doorbell;
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
  doorbell,
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
    const onError = (_queue: QueueName, error: Error) => warn('queue not reached', { queue, error });
    const onFailed = (_queue: QueueName, error: Error, bell?: Bell) => {
      warn('round failed', { queue, ...bell, error });
      doorbell.ringLater(queue, TRY_AGAIN_MS);
    };
    const onStalled = () => metrics.queueStalled.inc({ queue });
    return startProcessor({ queue, redis, telemetry, process, onError, onFailed, onStalled });
  };
  return new Map(Object.keys(rounds).map((queue) => [queue as QueueName, start(queue as QueueName)]));
}
