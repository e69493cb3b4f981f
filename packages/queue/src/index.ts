export { BroadcastListener } from './broadcasts.ts';
export { ClaimLock } from './claim-lock.ts';
export { Doorbell } from './doorbell.ts';
export { type Processor, type ProcessorOptions, type Round, startProcessor } from './processor.ts';
export { QUEUE_NAMES, type QueueName } from './queues.ts';
export { isRedisHealthy, openConsumerRedis, openProducerRedis, watchEviction } from './redis.ts';
export { scheduleSweeps } from './sweep-schedule.ts';
export { openQueueTelemetry, type QueueTelemetry } from './telemetry.ts';
