/** Fixed bounds of the contract; those that a setting can change are in {@link BatchLimits}. */

export const INT32_MAX = 2_147_483_647;
export const METADATA_MAX_BYTES = 65_536;
export const ACTION_MAX_BYTES = 262_144;
export const URL_MAX_BYTES = 8_192;
/** What DNS can carry (RFC 1035, 2.3.4). The database has indexes by origin, which take little more than 2,700 bytes. */
export const HOST_MAX_LENGTH = 253;
export const HEADERS_MAX = 50;
export const JSON_MAX_DEPTH = 256;
export const RULES_MAX = 10;
export const MATCHERS_MAX = 10;
export const MATCHER_FIELDS_MAX = 10;
export const SCOPE_MAX_LENGTH = 255;
export const NAME_MAX_LENGTH = 255;
export const KIND_MAX_LENGTH = 100;
export const TIMEOUT_MAX_SECS = 86_400;
export const TIMEOUT_DEFAULT_SECS = 60;
export const PRIORITY_MAX = 1_000;
export const RETRY_ATTEMPTS_MAX = 100;
/** In characters; what is longer is cut, since a report must not fail for its words. Each attempt keeps its reason. */
export const FAILURE_REASON_MAX = 10_000;
export const BACKOFF_MAX_SECS = 86_400;
/** What a retry policy does not say. */
export const RETRY_DEFAULTS = {
  max_attempts: 1,
  backoff_secs: 2,
  backoff_factor: 2,
  max_backoff_secs: 300,
  jitter: true,
  on: ['failure', 'timeout', 'start'],
} as const;
export const CALL_ATTEMPTS_MAX = 1_000;
/** A request's errors are listed up to this many. */
export const DETAILS_MAX = 100;

/** Which addresses an action may call; see `checkUrl`. */
export type UrlGuardSettings = {
  readonly skipSsrfValidation: boolean;
  readonly blockedHostnames: readonly string[];
  readonly blockedHostnameSuffixes: readonly string[];
};

/** The bounds on a request that settings can change. */
export type BatchLimits = UrlGuardSettings & {
  readonly maxTasksPerBatch: number;
  readonly maxDepsPerTask: number;
  readonly maxActionsPerTask: number;
};

/** The bounds on pages that settings can change. */
export type PageLimits = {
  readonly paginationDefault: number;
  readonly paginationMax: number;
};

export const DEFAULT_BATCH_LIMITS: BatchLimits = {
  maxTasksPerBatch: 10_000,
  maxDepsPerTask: 1_000,
  maxActionsPerTask: 20,
  skipSsrfValidation: false,
  blockedHostnames: ['localhost', '127.0.0.1', '::1', '0.0.0.0', 'local', 'internal'],
  blockedHostnameSuffixes: ['.local', '.internal', '.localdomain', '.localhost'],
};

export const DEFAULT_PAGE_LIMITS: PageLimits = { paginationDefault: 50, paginationMax: 100 };
