import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { findRisks, IGNORED_SETTINGS, readSettings, settingsOrExit } from '@arcrun/config';
import type { Bell, DueBell, UrlGuardSettings } from '@arcrun/contracts';
import { findActions, openDatabase, reportEnds, takeSample } from '@arcrun/database';
import {
  createLogger,
  createMetrics,
  limitRate,
  type Part,
  releaseMemoryAtRest,
  runParts,
  Sampler,
  startTracing,
  switchLevelOnSignal,
} from '@arcrun/observability';
import {
  ClaimLock,
  Doorbell,
  openConsumerRedis,
  openProducerRedis,
  openQueueTelemetry,
  type Processor,
  type QueueName,
  watchEviction,
} from '@arcrun/queue';
import { Deliveries } from './deliveries.ts';
import { HeldBack, listenForLooks } from './held-back.ts';
import { WorkerLease } from './worker-lease.ts';
import { LostClaims } from './lost-claims.ts';
import { LostDeliveries } from './lost-deliveries.ts';
import { OriginBreakers } from './origin-breakers.ts';
import { processPropagation } from './processors/propagation.ts';
import { processStart } from './processors/start.ts';
import { consumeQueues } from './processors/consume-queues.ts';
import { processTimeout } from './processors/timeout.ts';
import { processWebhook } from './processors/webhook.ts';
import { Retention } from './retention.ts';
import { StartCalls } from './start-calls.ts';
import { createStatusServer } from './status-server.ts';
import { Sweep } from './sweep.ts';
import { SweepWatch } from './sweep-watch.ts';
import { TaskTraces } from './task-traces.ts';
import { ActionCache } from './webhooks/action-cache.ts';
import { guardedLookup } from './webhooks/guarded-lookup.ts';
import { callSigner } from './webhooks/sign-call.ts';
import { WebhookClient } from './webhooks/webhook-client.ts';

const REPORT_PERIOD_MS = 10_000;
/** How long the last spans may take to be sent. */
const TRACES_LIMIT_MS = 2000;
const ACTION_CACHE_BYTES = 16_777_216;
/** A probe whose call must have timed out by then, and whose end would have been recorded, is lost. */
const PROBE_MARGIN_SECS = 10;

const settings = settingsOrExit(() => readSettings(process.env));
const workerId = randomUUID();
const logger = createLogger({
  level: settings.LOG_LEVEL,
  format: settings.LOG_FORMAT,
  service: 'worker',
  context: () => tracing?.logFields(),
}).child({ worker_id: workerId });
switchLevelOnSignal(logger);
const metrics = createMetrics();
const warn = limitRate((message, fields) => logger.warn(message, fields), REPORT_PERIOD_MS);
const tracing = await startTracing({
  settings,
  role: 'worker',
  onError: (error) => warn('spans not exported', { error }),
});
const telemetry = tracing && (await openQueueTelemetry());

const urlGuard: UrlGuardSettings = {
  skipSsrfValidation: settings.SKIP_SSRF_VALIDATION,
  blockedHostnames: settings.BLOCKED_HOSTNAMES,
  blockedHostnameSuffixes: settings.BLOCKED_HOSTNAME_SUFFIXES,
};
const pool = {
  url: settings.DATABASE_URL,
  acquireTimeoutMs: settings.POOL_TIMEOUT_SECS * 1000,
  acquireRetries: settings.POOL_ACQUIRE_RETRIES,
  onIdleError: (error: Error) => warn('connection to Postgres broke', { error }),
};
const database = openDatabase({
  ...pool,
  statementTimeoutMs: settings.POOL_STATEMENT_TIMEOUT_SECS * 1000,
  maxSize: settings.POOL_MAX_SIZE,
  minIdle: settings.POOL_MIN_IDLE,
  applicationName: 'arcrun-worker',
  onQuery: (query, durationMs) => {
    const isSlow = metrics.observeQuery(query, durationMs, settings.SLOW_QUERY_THRESHOLD_MS);
    if (isSlow) warn('slow statement', { query, duration_ms: Math.round(durationMs) });
  },
});
metrics.watchPool(database.pool);
const leaseDatabase = openDatabase({
  ...pool,
  maxSize: 1,
  minIdle: 1,
  // A renewal that takes longer comes too late in any case.
  statementTimeoutMs: settings.WORKER_LEASE_SECS * 1000,
  applicationName: 'arcrun-worker-lease',
});
// One batch is moved whole, however long that takes. It is opened when it is time.
const retentionDatabase = openDatabase({
  ...pool,
  maxSize: 1,
  minIdle: 0,
  applicationName: 'arcrun-worker-retention',
});
const onRedisError = (error: Error) => warn('connection to Redis broke', { error });
const producerRedis = openProducerRedis({ url: settings.REDIS_URL, onError: onRedisError });
watchEviction(producerRedis, (policy) =>
  warn('Redis may lose bells', { 'maxmemory-policy': policy, needed: 'noeviction' }),
);
const consumerRedis = openConsumerRedis({ url: settings.REDIS_URL, onError: onRedisError });
const doorbell = new Doorbell(producerRedis, (queue, error) => warn('bell not rung', { queue, error }));

let processors = new Map<QueueName, Processor>();
const stopping = new AbortController();
const listen = (queue: QueueName) => processors.get(queue)?.listen();
const run = (queue: QueueName) => processors.get(queue)?.run();

const lease = new WorkerLease({
  worker: { id: workerId, host: hostname(), pid: process.pid },
  leaseSecs: settings.WORKER_LEASE_SECS,
  database: leaseDatabase,
  logger,
  load: () => starts.calls.load(),
  onAlive: () => listen('start'),
});
const webhooks = new WebhookClient({
  timeoutMs: settings.WEBHOOK_TIMEOUT_SECS * 1000,
  lookup: settings.SKIP_SSRF_VALIDATION ? undefined : guardedLookup,
  sign: callSigner(settings.WEBHOOK_SIGNING_SECRET, () => lease.databaseTimeMs()),
});
const actions = new ActionCache((hashes) => findActions(database.db, hashes), ACTION_CACHE_BYTES);
const breakers = new OriginBreakers({
  failureThreshold: settings.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
  recoverySecs: settings.CIRCUIT_BREAKER_RECOVERY_TIMEOUT_SECS,
  maxAgeSecs: settings.WEBHOOK_MAX_AGE_SECS,
  database,
  doorbell,
  metrics,
  logger,
});
const heldBack = { start: new HeldBack(doorbell, 'start'), webhook: new HeldBack(doorbell, 'webhook') };
const looks = listenForLooks({ redis: producerRedis, heldBack, run, onError: onRedisError });
const shared = {
  workerId,
  hostUrl: settings.HOST_URL,
  urlGuard,
  database,
  doorbell,
  breakers,
  actions,
  webhooks,
  metrics,
  logger,
  traces: tracing && new TaskTraces({ tracing, database, logger }),
  deadEnds: settings.DEAD_END_CANCEL_ENABLED,
  probeSecs: settings.WEBHOOK_TIMEOUT_SECS + PROBE_MARGIN_SECS,
  heldBackTasks: heldBack.start,
  heldBackDeliveries: heldBack.webhook,
  stopping: stopping.signal,
};
const retryPolicy = {
  maxAttempts: settings.WEBHOOK_MAX_ATTEMPTS,
  maxAgeSecs: settings.WEBHOOK_MAX_AGE_SECS,
  backoffBaseSecs: settings.WEBHOOK_RETRY_BACKOFF_BASE_SECS,
  backoffCapSecs: settings.WEBHOOK_RETRY_BACKOFF_CAP_SECS,
};
const starts = new StartCalls({
  ...shared,
  retryPolicy,
  lease,
  concurrency: settings.WORKER_WEBHOOK_CONCURRENCY,
  cascadeLimit: settings.PROPAGATION_INLINE_LIMIT,
  onRoom: () => listen('start'),
  onOriginRoom: () => run('start'),
});
const deliveries = new Deliveries({
  ...shared,
  concurrency: settings.WEBHOOK_DELIVERY_CONCURRENCY,
  leaseSecs: settings.WEBHOOK_DELIVERY_LEASE_SECS,
  retryPolicy,
  onRoom: () => listen('webhook'),
  onOriginRoom: () => run('webhook'),
});
const sweep = new Sweep({
  leaseSecs: settings.WORKER_LEASE_SECS,
  periodMs: settings.WORKER_LOOP_INTERVAL_MS,
  database,
  doorbell,
  metrics,
  logger,
});
const lostClaims = new LostClaims({
  ...shared,
  claimTimeoutSecs: settings.WORKER_CLAIM_TIMEOUT_SECS,
  busyIds: () => starts.calls.ids,
});
const lostDeliveries = new LostDeliveries({
  ...shared,
  leaseSecs: settings.WEBHOOK_DELIVERY_LEASE_SECS,
  busyIds: () => deliveries.calls.ids,
});
const claimLock = settings.CLAIM_LOCK_ENABLED ? new ClaimLock(producerRedis) : null;

const rounds = {
  start: () =>
    lostClaims.around(() =>
      processStart({
        ...shared,
        batchSize: settings.WORKER_START_BATCH_SIZE,
        lock: claimLock,
        lease,
        starts,
      }),
    ),
  webhook: () =>
    lostDeliveries.around(() =>
      processWebhook({ ...shared, leaseSecs: settings.WEBHOOK_DELIVERY_LEASE_SECS, deliveries }),
    ),
  propagation: () => processPropagation({ ...shared, batchSize: settings.WORKER_PROPAGATION_BATCH_SIZE }),
  timeout: (bell: Bell | DueBell) =>
    processTimeout(
      {
        ...shared,
        batchSize: settings.WORKER_TIMEOUT_BATCH_SIZE,
        cascadeLimit: settings.PROPAGATION_INLINE_LIMIT,
        sweep,
      },
      bell,
    ),
};
const sweepWatch = new SweepWatch({
  ...shared,
  periodMs: settings.WORKER_LOOP_INTERVAL_MS,
  run: () => rounds.timeout({}),
});
const retention = new Retention({
  days: settings.RETENTION_DAYS,
  archiveDays: settings.RETENTION_ARCHIVE_DAYS,
  periodSecs: settings.RETENTION_CLEANUP_INTERVAL_SECS,
  batchSize: settings.RETENTION_BATCH_SIZE,
  database: retentionDatabase,
  doorbell,
  metrics,
  logger,
});
const sampler = new Sampler({
  periodSecs: settings.METRICS_SAMPLER_INTERVAL_SECS,
  metrics,
  reportEnds: (ends) => reportEnds(database.db, ends),
  sampleFleet: () =>
    takeSample(database.db, {
      samplerId: workerId,
      isPreferred: false,
      periodSecs: settings.METRICS_SAMPLER_INTERVAL_SECS,
    }),
  countJobs: () => doorbell.countJobs(),
  onError: (error) => warn('gauges not sampled', { error }),
});
const statusServer = createStatusServer({
  database,
  redis: producerRedis,
  metrics,
  logger,
  tokens: settings.AUTH_TOKEN,
});

// What is still open when stopping has taken too long is handed back by the lease.
const parts: readonly Part[] = [
  { name: 'tracing', stop: () => tracing?.close(TRACES_LIMIT_MS) },
  {
    name: 'connections',
    stop: async () => {
      await doorbell.close();
      producerRedis.disconnect();
      consumerRedis.disconnect();
      await Promise.all([database, leaseDatabase, retentionDatabase].map((each) => each.close()));
    },
  },
  { name: 'status server', start: listenOnPort, stop: () => void statusServer.close() },
  { name: 'sampler', start: () => sampler.start(), stop: () => sampler.stop() },
  {
    name: 'retention',
    start: () => {
      if (settings.RETENTION_ENABLED) retention.start();
    },
    stop: () => retention.stop(),
  },
  { name: 'lease', start: () => lease.start(), stop: () => lease.stop() },
  // Stopping hands back what is still claimed, so it comes after the calls and before the lease is given up.
  { name: 'lost claims', start: () => lostClaims.start(), stop: () => lostClaims.stop() },
  { name: 'lost deliveries', stop: () => lostDeliveries.stop() },
  {
    name: 'open calls',
    stop: async () => {
      starts.stop();
      await Promise.all([starts.calls.drained(), deliveries.calls.drained()]);
      webhooks.close();
    },
  },
  { name: 'sweep watch', start: () => sweepWatch.start(), stop: () => sweepWatch.stop() },
  {
    name: 'processors',
    start: () => {
      processors = consumeQueues({ ...shared, rounds, redis: consumerRedis, telemetry, warn });
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(Array.from(processors.values(), (processor) => processor.close()));
    },
  },
  { name: 'looks', start: () => looks.start(), stop: () => looks.stop() },
];

await runParts(parts, { logger, limitSecs: settings.SHUTDOWN_TIMEOUT_SECS });
const ignored = IGNORED_SETTINGS.filter((name) => process.env[name] !== undefined);
if (ignored.length > 0) logger.warn('settings ignored', { settings: ignored });
for (const risk of findRisks(settings)) logger.warn('settings in doubt', { risk });
if (settings.AUTH_TOKEN === undefined) {
  logger.warn('AUTH_TOKEN is not set: whoever reaches the port reads the metrics', {
    port: settings.WORKER_PORT,
  });
}
releaseMemoryAtRest();
logger.info('worker started', { port: settings.WORKER_PORT });

function listenOnPort(): Promise<void> {
  return new Promise((resolve) => {
    statusServer.once('error', (error) => {
      process.stderr.write(`the worker cannot listen on port ${settings.WORKER_PORT}: ${error.message}\n`);
      process.exit(1);
    });
    statusServer.listen(settings.WORKER_PORT, resolve);
  });
}
