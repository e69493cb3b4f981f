import { expect, test } from 'vitest';
import { readSettings } from './read-settings.ts';
import { IGNORED_SETTINGS, SETTINGS } from './settings.ts';

const REQUIRED = {
  DATABASE_URL: 'postgres://db/arcrun',
  REDIS_URL: 'redis://redis',
  HOST_URL: 'https://arcrun.example/below/a-path/',
};

/** What existing deployments set, and what they have when they do not. */
const DEFAULTS = {
  PORT: 8085,
  WORKER_PORT: 8086,
  POOL_MAX_SIZE: 10,
  POOL_MIN_IDLE: 5,
  POOL_ACQUIRE_RETRIES: 3,
  POOL_TIMEOUT_SECS: 30,
  PAGINATION_DEFAULT: 50,
  PAGINATION_MAX: 100,
  MAX_TASKS_PER_BATCH: 10_000,
  MAX_DEPS_PER_TASK: 1000,
  MAX_ACTIONS_PER_TASK: 20,
  PAYLOAD_MAX_BYTES: 16 * 1024 * 1024,
  PROPAGATION_INLINE_LIMIT: 1000,
  WORKER_LEASE_SECS: 6,
  WORKER_LOOP_INTERVAL_MS: 1000,
  WORKER_CLAIM_TIMEOUT_SECS: 30,
  WORKER_START_BATCH_SIZE: 50,
  WORKER_TIMEOUT_BATCH_SIZE: 100,
  WORKER_WEBHOOK_CONCURRENCY: 256,
  WEBHOOK_TIMEOUT_SECS: 10,
  WEBHOOK_DELIVERY_CONCURRENCY: 64,
  WEBHOOK_DELIVERY_LEASE_SECS: 120,
  WEBHOOK_MAX_ATTEMPTS: 10,
  WEBHOOK_MAX_AGE_SECS: 259_200,
  WEBHOOK_RETRY_BACKOFF_BASE_SECS: 2,
  WEBHOOK_RETRY_BACKOFF_CAP_SECS: 300,
  DEAD_END_CANCEL_ENABLED: true,
  CIRCUIT_BREAKER_ENABLED: true,
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: 5,
  CIRCUIT_BREAKER_FAILURE_WINDOW_SECS: 10,
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT_SECS: 30,
  CIRCUIT_BREAKER_SUCCESS_THRESHOLD: 2,
  SLOW_QUERY_THRESHOLD_MS: 100,
  METRICS_SAMPLER_INTERVAL_SECS: 15,
  RETENTION_ENABLED: false,
  RETENTION_DAYS: 30,
  RETENTION_ARCHIVE_DAYS: 0,
  RETENTION_CLEANUP_INTERVAL_SECS: 3600,
  RETENTION_BATCH_SIZE: 1000,
  QUEUE_BOARD_WRITABLE: false,
  SKIP_SSRF_VALIDATION: false,
  BLOCKED_HOSTNAMES: ['localhost', '127.0.0.1', '::1', '0.0.0.0', 'local', 'internal'],
  BLOCKED_HOSTNAME_SUFFIXES: ['.local', '.internal', '.localdomain', '.localhost'],
  AUTH_TOKEN: undefined,
};

// proves: settings/names-and-defaults, settings/auth-unset
test.each(Object.entries(DEFAULTS))('%s is %j when it is not set', (name, value) => {
  expect(SETTINGS).toHaveProperty(name);
  expect(readSettings(REQUIRED)[name as keyof typeof SETTINGS]).toEqual(value);
});

// proves: settings/required, settings/bad-ones
test('what is required is named when it is missing, all of it', () => {
  expect(() => readSettings({})).toThrow(/DATABASE_URL[^]*REDIS_URL[^]*HOST_URL/);
  for (const name of Object.keys(REQUIRED))
    expect(() => readSettings({ ...REQUIRED, [name]: undefined })).toThrow(name);
});

// proves: settings/host-url-path
test('HOST_URL keeps its path, without the slash behind it', () => {
  expect(readSettings(REQUIRED).HOST_URL).toBe('https://arcrun.example/below/a-path');
  expect(readSettings({ ...REQUIRED, HOST_URL: 'http://a.example' }).HOST_URL).toBe('http://a.example');
  expect(() => readSettings({ ...REQUIRED, HOST_URL: 'ftp://a.example' })).toThrow('HOST_URL');
});

// proves: settings/ignored
test.each([
  'WEBHOOK_DELIVERY_INTERVAL_MS',
  'WEBHOOK_DELIVERY_BATCH_SIZE',
  'BATCH_CHANNEL_CAPACITY',
  'RUST_LOG',
])('%s is accepted, whatever it says', (name) => {
  expect(IGNORED_SETTINGS).toContain(name);
  expect(() => readSettings({ ...REQUIRED, [name]: 'anything' })).not.toThrow();
});
