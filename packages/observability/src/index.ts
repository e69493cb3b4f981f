export { countEffects } from './count-effects.ts';
export { createLogger, limitRate, type Logger, type LogLevel } from './logger.ts';
export { Sampler, type SamplerOptions } from './sampler.ts';
export { createMetrics, type Metrics } from './metrics.ts';
