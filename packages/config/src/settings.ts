/** What a setting accepts, and how it is read from text. */
type SettingType =
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly type: 'number'; readonly min: number; readonly max: number }
  | { readonly type: 'flag' }
  | { readonly type: 'text' }
  | { readonly type: 'list' }
  | { readonly type: 'tokens'; readonly minLength: number }
  | { readonly type: 'secrets' }
  | { readonly type: 'url'; readonly protocols: readonly string[] }
  | { readonly type: 'choice'; readonly choices: readonly string[] };

export type Setting = SettingType & {
  readonly description: string;
  /** The text that stands for it when it is not set; without one it is required or stays empty. */
  readonly default?: string;
  readonly required?: boolean;
};

const integer = (min: number, max: number, fallback: number, description: string) =>
  ({ type: 'integer', min, max, default: String(fallback), description }) as const;
const flag = (fallback: 0 | 1, description: string) =>
  ({ type: 'flag', default: String(fallback), description }) as const;
const number = (min: number, max: number, fallback: string, description: string) =>
  ({ type: 'number', min, max, default: fallback, description }) as const;
const list = (fallback: string, description: string) =>
  ({ type: 'list', default: fallback, description }) as const;

const DAY_SECS = 86_400;
const YEAR_SECS = 366 * DAY_SECS;
const PORT_MAX = 65_535;

/** Every setting there is, by its environment variable. The table in docs/configuration.md is made from this. */
export const SETTINGS = {
  DATABASE_URL: {
    type: 'url',
    protocols: ['postgres:', 'postgresql:'],
    required: true,
    description: 'Postgres, 15 or newer',
  },
  REDIS_URL: {
    type: 'url',
    protocols: ['redis:', 'rediss:'],
    required: true,
    description: 'Redis or Valkey',
  },
  HOST_URL: {
    type: 'url',
    protocols: ['http:', 'https:'],
    required: true,
    description:
      'Where receivers reach the API: the base of every handle. May have a path, which a proxy strips',
  },

  PORT: integer(0, PORT_MAX, 8085, 'Port of the API'),
  WORKER_PORT: integer(0, PORT_MAX, 8086, "Port of a worker's `/health`, `/ready` and `/metrics`"),
  LOG_LEVEL: {
    type: 'choice',
    choices: ['error', 'warn', 'info', 'debug'],
    default: 'info',
    description: 'What is logged; it can be changed at run time',
  },
  LOG_FORMAT: {
    type: 'choice',
    choices: ['json', 'text'],
    default: 'json',
    description: 'One JSON object a line, or text for people',
  },

  POOL_MAX_SIZE: integer(1, 1000, 10, 'Connections to Postgres for the work of one process, at most'),
  POOL_MIN_IDLE: integer(0, 1000, 5, 'Connections that are kept open'),
  POOL_ACQUIRE_RETRIES: integer(0, 100, 3, 'How often a connection is asked for again before a call fails'),
  POOL_TIMEOUT_SECS: integer(1, 600, 30, 'How long a call waits for a free connection'),
  POOL_STATEMENT_TIMEOUT_SECS: integer(
    1,
    3600,
    60,
    'How long a statement or a transaction may take before it is canceled, and its connection counts as lost',
  ),

  CIRCUIT_BREAKER_ENABLED: flag(1, 'The breaker of the database; those of receivers are always there'),
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: integer(1, 1000, 5, 'Failures in a row that open a breaker'),
  CIRCUIT_BREAKER_FAILURE_WINDOW_SECS: integer(
    1,
    DAY_SECS,
    10,
    "Time within which those failures count for the database's breaker",
  ),
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT_SECS: integer(
    1,
    DAY_SECS,
    30,
    'How long a breaker stays open before calls are tried again',
  ),
  CIRCUIT_BREAKER_SUCCESS_THRESHOLD: integer(
    1,
    1000,
    2,
    "Answers in a row that close the database's breaker",
  ),

  PAGINATION_DEFAULT: integer(1, 10_000, 50, 'Rows of a page when the call does not say'),
  PAGINATION_MAX: integer(1, 10_000, 100, 'Rows of a page, at most'),
  LIST_TIMEOUT_MS: integer(
    10,
    600_000,
    2000,
    'How long the search for a page of a list may take; what takes longer is answered 503',
  ),
  MAX_TASKS_PER_BATCH: integer(1, 1_000_000, 10_000, 'Tasks of one request, at most'),
  MAX_DEPS_PER_TASK: integer(0, 100_000, 1000, 'Dependencies of one task, at most'),
  MAX_ACTIONS_PER_TASK: integer(1, 1000, 20, 'Actions of one task, all triggers together, at most'),
  PAYLOAD_MAX_BYTES: integer(1024, 1_073_741_824, 16_777_216, 'Size of a request body, at most'),
  BIG_BODIES_MAX_BYTES: integer(
    0,
    68_719_476_736,
    67_108_864,
    'Bodies over 1 MiB that one API process works on at the same time, in bytes; what goes beyond is answered 503. One alone is always taken',
  ),
  OPEN_REQUESTS_MAX: integer(
    1,
    1_000_000,
    1000,
    'Requests that one API process works on at the same time; more are answered 503, but for `/health`, `/ready` and `/metrics`',
  ),
  EVENT_STREAMS_MAX: integer(
    0,
    100_000,
    500,
    'Streams of events (`/batch/{id}/events`) that one API process has open, at most; more are answered 503',
  ),
  PROPAGATION_INLINE_LIMIT: integer(
    1,
    100_000,
    1000,
    'Tasks that one call ends by cascade before it answers; the rest follows in the background',
  ),
  DEAD_END_CANCEL_ENABLED: flag(1, 'Cancels tasks whose children have all ended, since nobody needs them'),

  WORKER_LOOP_INTERVAL_MS: integer(50, 3_600_000, 1000, 'Period of the reconciling sweep'),
  WORKER_LEASE_SECS: integer(2, 3600, 6, 'How long what a worker holds stays its own after it fell silent'),
  WORKER_CLAIM_TIMEOUT_SECS: integer(
    1,
    DAY_SECS,
    30,
    'Age of a claim from which its worker checks that it still works on it',
  ),
  RETENTION_ENABLED: flag(0, 'Moves what finished long ago to the archive'),
  RETENTION_DAYS: integer(0, 36_500, 30, 'Days from the end of a batch to its move to the archive'),
  RETENTION_ARCHIVE_DAYS: integer(0, 36_500, 0, 'Days in the archive before a batch is deleted; 0: never'),
  RETENTION_CLEANUP_INTERVAL_SECS: integer(1, YEAR_SECS, 3600, 'How often one worker archives and deletes'),
  RETENTION_BATCH_SIZE: integer(
    1,
    1_000_000,
    1000,
    'Tasks that one transaction archives, at most; larger batches move whole',
  ),
  METRICS_SAMPLER_INTERVAL_SECS: integer(
    1,
    DAY_SECS,
    15,
    'How often the gauges of the whole fleet are sampled, by one process for all',
  ),
  WORKER_START_BATCH_SIZE: integer(1, 10_000, 50, 'Tasks that one claim round takes, at most'),
  CLAIM_LOCK_ENABLED: flag(
    1,
    'A lock in Redis keeps workers from crowding the same claim. Claims are right without it, only less cheap',
  ),
  WORKER_TIMEOUT_BATCH_SIZE: integer(1, 10_000, 100, 'Tasks that one timeout round looks at, at most'),
  WORKER_PROPAGATION_BATCH_SIZE: integer(
    1,
    100_000,
    5000,
    'Tasks that one step of a long cascade ends, at most',
  ),
  WORKER_WEBHOOK_CONCURRENCY: integer(1, 10_000, 256, '`on_start` calls that one worker has open, at most'),
  WEBHOOK_TIMEOUT_SECS: integer(1, 3600, 10, 'How long a webhook call may take'),
  WEBHOOK_DELIVERY_CONCURRENCY: integer(1, 10_000, 64, 'Notifications that one worker has open, at most'),
  WEBHOOK_DELIVERY_LEASE_SECS: integer(
    1,
    DAY_SECS,
    120,
    'After this time a notification whose worker did not answer is delivered by another',
  ),
  WEBHOOK_MAX_ATTEMPTS: integer(1, 1000, 10, 'Attempts to deliver a notification'),
  WEBHOOK_MAX_AGE_SECS: integer(1, YEAR_SECS, 259_200, 'Age from which a notification is not tried again'),
  WEBHOOK_RETRY_BACKOFF_BASE_SECS: integer(0, DAY_SECS, 2, 'First pause between attempts, doubled each time'),
  WEBHOOK_RETRY_BACKOFF_CAP_SECS: integer(0, DAY_SECS, 300, 'Longest pause between attempts'),
  SHUTDOWN_TIMEOUT_SECS: integer(1, 3600, 25, 'How long a process takes to stop before it gives up waiting'),

  AUTH_TOKEN: {
    type: 'tokens',
    minLength: 16,
    description: 'The tokens that open the server. Without it, it is open to everybody',
  },
  WEBHOOK_SIGNING_SECRET: {
    type: 'secrets',
    description:
      'What webhooks are signed with, as Standard Webhooks says; several during a rotation. Without it they are not signed',
  },
  QUEUE_BOARD_WRITABLE: flag(
    0,
    'Lets people pause queues and run, change or remove jobs at `/admin/queues`. A job is a bell and no work, so there is seldom a reason',
  ),
  SKIP_SSRF_VALIDATION: flag(0, 'Allows webhooks to private addresses; for local use'),
  BLOCKED_HOSTNAMES: list(
    'localhost,127.0.0.1,::1,0.0.0.0,local,internal',
    'Host names that no webhook may have',
  ),
  BLOCKED_HOSTNAME_SUFFIXES: list(
    '.local,.internal,.localdomain,.localhost',
    'Endings that no host name may have',
  ),

  SLOW_QUERY_THRESHOLD_MS: integer(
    0,
    3_600_000,
    100,
    'Statements that take longer are counted, and one in ten seconds is logged',
  ),
  TRACING_ENABLED: flag(0, 'Records traces and sends them to a collector, by OTLP over HTTP'),
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    type: 'url',
    protocols: ['http:', 'https:'],
    default: 'http://localhost:4318',
    description: 'The collector that traces are sent to; `/v1/traces` is added',
  },
  OTEL_SERVICE_NAME: { type: 'text', default: 'arcrun', description: 'Name of the service in traces' },
  OTEL_SAMPLING_RATIO: number(
    0,
    1,
    '1.0',
    'Share of the traces begun here that are recorded; a call that comes with a trace has decided already',
  ),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** Settings that mean nothing here: accepted, and named as ignored. */
export const IGNORED_SETTINGS = [
  'WEBHOOK_DELIVERY_INTERVAL_MS',
  'WEBHOOK_DELIVERY_BATCH_SIZE',
  'BATCH_CHANNEL_CAPACITY',
  'RUST_LOG',
] as const;
