export { countEffects, countEnd, countExhausted, countHandBacks, countRetry } from './count-effects.ts';
export { type Part, runParts } from './run-parts.ts';
export { createLogger, limitRate, type Logger, type LogLevel } from './logger.ts';
export { switchLevelOnSignal } from './log-level.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { releaseMemoryAtRest } from './release-memory.ts';
export { currentRequestId, runInRequest } from './request-scope.ts';
export { Sampler, type SamplerOptions } from './sampler.ts';
export {
  recordClaim,
  recordRun,
  startTaskCall,
  taskTraceparent,
  type TracedTask,
} from './tracing/task-spans.ts';
export {
  type OpenSpan,
  type SpanAttributes,
  startTracing,
  type Traceparent,
  type Tracing,
} from './tracing/tracing.ts';
