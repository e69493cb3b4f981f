import { createServer } from 'node:http';
import { IGNORED_SETTINGS, readSettings, type Settings, SettingsError } from '@arcrun/config';
import { openDatabase } from '@arcrun/database';
import { createLogger, createMetrics, limitRate } from '@arcrun/observability';
import { Doorbell, openProducerRedis } from '@arcrun/queue';
import { createApp } from './app.ts';
import { TaskCommits } from './task-commits.ts';

const REPORT_PERIOD_MS = 10_000;

const settings = readSettingsOrExit();
const logger = createLogger({ level: settings.LOG_LEVEL, format: settings.LOG_FORMAT, service: 'api' });
const metrics = createMetrics();
const warn = limitRate((message, fields) => logger.warn(message, fields), REPORT_PERIOD_MS);

const database = openDatabase({
  url: settings.DATABASE_URL,
  maxSize: settings.POOL_MAX_SIZE,
  minIdle: settings.POOL_MIN_IDLE,
  acquireTimeoutMs: settings.POOL_TIMEOUT_SECS * 1000,
  applicationName: 'arcrun-api',
  onIdleError: (error) => warn('connection to Postgres broke', { error }),
  onQuery: (query, durationMs) => metrics.observeQuery(query, durationMs, settings.SLOW_QUERY_THRESHOLD_MS),
});
const redis = openProducerRedis({
  url: settings.REDIS_URL,
  onError: (error) => warn('connection to Redis broke', { error }),
});
const doorbell = new Doorbell(redis, (queue, error) => warn('bell not rung', { queue, error }));
const commits = new TaskCommits({
  database,
  doorbell,
  metrics,
  cascadeLimit: settings.PROPAGATION_INLINE_LIMIT,
});
const app = createApp({
  settings,
  limits: {
    maxTasksPerBatch: settings.MAX_TASKS_PER_BATCH,
    maxDepsPerTask: settings.MAX_DEPS_PER_TASK,
    maxActionsPerTask: settings.MAX_ACTIONS_PER_TASK,
    skipSsrfValidation: settings.SKIP_SSRF_VALIDATION,
    blockedHostnames: settings.BLOCKED_HOSTNAMES,
    blockedHostnameSuffixes: settings.BLOCKED_HOSTNAME_SUFFIXES,
  },
  pageLimits: { paginationDefault: settings.PAGINATION_DEFAULT, paginationMax: settings.PAGINATION_MAX },
  database,
  redis,
  doorbell,
  commits,
  metrics,
  logger,
});

const server = createServer(app);
server.once('error', (error) => {
  process.stderr.write(`the API cannot listen on port ${settings.PORT}: ${error.message}\n`);
  process.exit(1);
});
server.listen(settings.PORT, () => logger.info('API started', { port: settings.PORT }));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));

/** Takes no new requests, finishes those that are open, and goes. */
async function stop(signal: string): Promise<void> {
  logger.info('API stops', { signal });
  setTimeout(() => process.exit(1), settings.SHUTDOWN_TIMEOUT_SECS * 1000).unref();
  // Keep-alive connections end with the answer that is on its way.
  server.on('request', (_request, response) => response.setHeader('connection', 'close'));
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await closed;
  await commits.idle();
  await doorbell.close();
  redis.disconnect();
  await database.close();
  process.exit(0);
}

function readSettingsOrExit(): Settings {
  try {
    const ignored = IGNORED_SETTINGS.filter((name) => process.env[name] !== undefined);
    if (ignored.length > 0) process.stderr.write(`ignored settings: ${ignored.join(', ')}\n`);
    return readSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
