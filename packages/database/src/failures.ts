/** What a failed query means to its caller. */
export type FailureKind =
  /** Postgres could not be reached or cannot take work now: nothing is wrong with the query. */
  | 'unavailable'
  /** Postgres was lost while it committed; nobody knows whether it did. */
  | 'in doubt'
  /** Lost against another transaction; the same again will do. */
  | 'conflict'
  /** Waited too long for a row that somebody else holds. */
  | 'locked'
  /** Took longer than it may; asked in another way it may be faster. */
  | 'too slow'
  /** About the query or its values. */
  | 'query';

const CONFLICTS = new Set(['40001', '40P01']);
const LOCKED = new Set(['55P03']);
const CANCELED = '57014';
// Connection exceptions, insufficient resources (disk full, too many connections), operator intervention
// (shutdown, crash), read-only after a failover, and I/O errors.
const UNAVAILABLE = /^(08|53|57P|58|25006)/;
const NETWORK_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EOPENBREAKER',
]);

/** Thrown when Postgres was lost while it committed, and could not be asked what became of it. */
export class UnknownOutcomeError extends Error {
  constructor(cause: unknown) {
    super('Postgres was lost while it committed, and has not told yet what became of it', { cause });
  }
}

export function classifyFailure(error: unknown): FailureKind {
  if (error instanceof UnknownOutcomeError) return 'in doubt';
  const code = codeOf(error);
  if (code !== undefined) {
    if (CONFLICTS.has(code)) return 'conflict';
    if (LOCKED.has(code)) return 'locked';
    if (code === CANCELED) return 'too slow';
    if (NETWORK_ERRORS.has(code) || UNAVAILABLE.test(code)) return 'unavailable';
    return 'query';
  }
  // node-postgres gives these no code.
  const message = error instanceof Error ? error.message : '';
  return /connection terminated|timeout exceeded when trying to connect|Connection ended|not queryable/i.test(
    message,
  )
    ? 'unavailable'
    : 'query';
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether rules were refused because they would look at one kind in more than 32 ways. */
export function isCrowdedKind(error: unknown): error is Error {
  return error instanceof Error && 'constraint' in error && error.constraint === 'shapes_per_kind';
}

const ATTEMPTS = 5;

/** Runs again what lost against another transaction. The one place where that is done. */
export async function retryConflicts<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === ATTEMPTS || classifyFailure(error) !== 'conflict') throw error;
    }
  }
}
