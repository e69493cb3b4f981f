export interface CallRetryPolicy {
  readonly maxAttempts: number;
  readonly maxAgeSecs: number;
  readonly backoffBaseSecs: number;
  readonly backoffCapSecs: number;
}

/** `Retry-After` counts, but no receiver may put us off for longer than this. */
const RETRY_AFTER_CAP_SECS = 3600;

/**
 * When a call that failed, of a notification or of `on_start`, is made again: exponential backoff with full jitter,
 * never before the receiver's `Retry-After`.
 *
 * @param attempts how many were made, the failed one included
 * @param ageSecs how long ago the notification was recorded, or the task claimed
 * @param retryAfterSecs what the receiver asked for, or null
 * @param random a number in [0, 1)
 * @returns seconds from now, or null when it is exhausted
 */
export function nextAttemptInSecs(
  policy: CallRetryPolicy,
  attempts: number,
  ageSecs: number,
  retryAfterSecs: number | null,
  random: number,
): number | null {
  if (attempts >= policy.maxAttempts || ageSecs >= policy.maxAgeSecs) return null;
  const ceiling = Math.min(policy.backoffCapSecs, policy.backoffBaseSecs * 2 ** (attempts - 1));
  const asked = Math.min(retryAfterSecs ?? 0, RETRY_AFTER_CAP_SECS);
  return Math.max(asked, ceiling * random);
}

/** The three forms of HTTP dates (RFC 9110, 5.6.7); `Date.parse` alone would read a date out of almost anything. */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\w -]+ \d\d:\d\d:\d\d( GMT| \d{4})$/;

/** Reads a `Retry-After` header: seconds or an HTTP date. Null when it says neither. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  if (!HTTP_DATE.test(text)) return null;
  // The oldest form names no zone, and means GMT.
  const dateMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(dateMs) ? null : Math.max(0, (dateMs - nowMs) / 1000);
}
