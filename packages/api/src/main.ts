import { randomUUID } from 'node:crypto';
import { findRisks, IGNORED_SETTINGS, readSettings, settingsOrExit } from '@arcrun/config';
import { DatabaseBreaker, openDatabase, reportEnds, takeSample } from '@arcrun/database';
import {
  createLogger,
  createMetrics,
  currentRequestId,
  limitRate,
  type Part,
  releaseMemoryAtRest,
  runParts,
  Sampler,
  startTracing,
  switchLevelOnSignal,
} from '@arcrun/observability';
import { Doorbell, openProducerRedis, openQueueTelemetry, watchEviction } from '@arcrun/queue';
import { createApp } from './app.ts';
import { Bodies } from './bodies/bodies.ts';
import { BatchFeeds } from './events/batch-feeds.ts';
import { type RunningServer, startServer } from './http/server.ts';
import { TaskCommits } from './task-commits.ts';

const REPORT_PERIOD_MS = 10_000;
/** How long the last spans may take to be sent. */
const TRACES_LIMIT_MS = 2000;

const settings = settingsOrExit(() => readSettings(process.env));
const logger = createLogger({
  level: settings.LOG_LEVEL,
  format: settings.LOG_FORMAT,
  service: 'api',
  context: () => {
    const requestId = currentRequestId();
    return { ...(requestId !== undefined && { request_id: requestId }), ...tracing?.logFields() };
  },
});
switchLevelOnSignal(logger);
const metrics = createMetrics();
const warn = limitRate((message, fields) => logger.warn(message, fields), REPORT_PERIOD_MS);
const tracing = await startTracing({
  settings,
  role: 'api',
  onError: (error) => warn('spans not exported', { error }),
});

const breaker = new DatabaseBreaker({
  failureThreshold: settings.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
  failureWindowSecs: settings.CIRCUIT_BREAKER_FAILURE_WINDOW_SECS,
  recoveryTimeoutSecs: settings.CIRCUIT_BREAKER_RECOVERY_TIMEOUT_SECS,
  successThreshold: settings.CIRCUIT_BREAKER_SUCCESS_THRESHOLD,
  onChange: (state) => {
    logger.warn('breaker of the database changed', { state });
    metrics.circuitBreakerStateTransitions.inc({ to_state: state });
  },
  onRejection: () => metrics.circuitBreakerRejections.inc(),
});
const database = openDatabase({
  url: settings.DATABASE_URL,
  maxSize: settings.POOL_MAX_SIZE,
  minIdle: settings.POOL_MIN_IDLE,
  acquireTimeoutMs: settings.POOL_TIMEOUT_SECS * 1000,
  acquireRetries: settings.POOL_ACQUIRE_RETRIES,
  statementTimeoutMs: settings.POOL_STATEMENT_TIMEOUT_SECS * 1000,
  applicationName: 'arcrun-api',
  onIdleError: (error) => warn('connection to Postgres broke', { error }),
  onQuery: (query, durationMs) => {
    const isSlow = metrics.observeQuery(query, durationMs, settings.SLOW_QUERY_THRESHOLD_MS);
    if (isSlow) warn('slow statement', { query, duration_ms: Math.round(durationMs) });
  },
  ...(settings.CIRCUIT_BREAKER_ENABLED && { breaker }),
});
metrics.watchPool(database.pool);
const redis = openProducerRedis({
  url: settings.REDIS_URL,
  onError: (error) => warn('connection to Redis broke', { error }),
});
watchEviction(redis, (policy) =>
  warn('Redis may lose bells', { 'maxmemory-policy': policy, needed: 'noeviction' }),
);
const doorbell = new Doorbell(redis, (queue, error) => warn('bell not rung', { queue, error }), {
  requestId: currentRequestId,
  telemetry: tracing && (await openQueueTelemetry()),
});
const commits = new TaskCommits({
  database,
  doorbell,
  metrics,
  logger,
  cascadeLimit: settings.PROPAGATION_INLINE_LIMIT,
  deadEnds: settings.DEAD_END_CANCEL_ENABLED,
});
const feeds = new BatchFeeds({ database, redis, maxStreams: settings.EVENT_STREAMS_MAX, logger });
const samplerId = randomUUID();
const sampler = new Sampler({
  periodSecs: settings.METRICS_SAMPLER_INTERVAL_SECS,
  metrics,
  reportEnds: (ends) => reportEnds(database.db, ends),
  sampleFleet: () =>
    takeSample(database.db, {
      samplerId,
      isPreferred: true,
      periodSecs: settings.METRICS_SAMPLER_INTERVAL_SECS,
    }),
  countJobs: () => doorbell.countJobs(),
  onError: (error) => warn('gauges not sampled', { error }),
});
const bodies = new Bodies(settings, (reason) => metrics.bodyRefusals.inc({ reason }));
const app = createApp({
  settings,
  bodies,
  pageLimits: { paginationDefault: settings.PAGINATION_DEFAULT, paginationMax: settings.PAGINATION_MAX },
  database,
  redis,
  doorbell,
  commits,
  feeds,
  metrics,
  logger,
  tracing,
});

let server: RunningServer | undefined;

const parts: readonly Part[] = [
  { name: 'tracing', stop: () => tracing?.close(TRACES_LIMIT_MS) },
  { name: 'database', stop: () => database.close() },
  { name: 'redis', stop: () => redis.disconnect() },
  { name: 'doorbell', stop: () => doorbell.close() },
  // What a client no longer waits for is still written, and rung for.
  { name: 'sampler', start: () => sampler.start(), stop: () => sampler.stop() },
  { name: 'commits', stop: () => commits.idle() },
  { name: 'bodies', stop: () => bodies.stop() },
  { name: 'server', start: listen, stop: () => server?.stop() },
  // They stay open for as long as somebody watches.
  { name: 'event streams', stop: () => feeds.stop() },
];

const ignored = IGNORED_SETTINGS.filter((name) => process.env[name] !== undefined);
if (ignored.length > 0) logger.warn('settings ignored', { settings: ignored });
for (const risk of findRisks(settings)) logger.warn('settings in doubt', { risk });
await runParts(parts, { logger, limitSecs: settings.SHUTDOWN_TIMEOUT_SECS });
if (settings.AUTH_TOKEN === undefined) {
  logger.warn('AUTH_TOKEN is not set: whoever reaches the port may do everything', { port: server?.port });
}
releaseMemoryAtRest();
logger.info('API started', { port: server?.port });

async function listen(): Promise<void> {
  try {
    server = await startServer(app, settings.PORT);
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const why = isTaken ? 'it is in use; set PORT to another one' : String(error);
    process.stderr.write(`The API cannot listen on port ${settings.PORT}: ${why}.\n`);
    process.exit(1);
  }
}
