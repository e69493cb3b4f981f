import { ArcRunError } from './error.ts';

export interface TransportOptions {
  /** Sent as `Authorization: Bearer <token>`. */
  token?: string | undefined;
  /** Takes the place of the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Tries of one call, the first included; default 4. */
  maxAttempts?: number | undefined;
  /** Time for one try, answer included; default 30,000. */
  timeoutMs?: number | undefined;
  /** Told before a call is made again, and after what wait. */
  onRetry?: ((error: ArcRunError, delayMs: number) => void) | undefined;
}

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  /** JSON text. */
  body?: string | undefined;
  headers?: Record<string, string>;
  /** Whether a second call after an unknown outcome does no harm. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

export interface Answer<Body> {
  status: number;
  headers: Headers;
  /** Parsed JSON, null when the answer was empty. Trusted to have the shape that the contract says. */
  body: Body;
}

export type Send = <Body>(call: Call) => Promise<Answer<Body>>;

const DEFAULT_MAX_ATTEMPTS = 4;
const DEFAULT_TIMEOUT_MS = 30_000;
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;
/** A server that asks for a longer wait than this gets no second try. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Returns the function that makes calls and repeats them, a bounded number of times:
 * after 429 and 503 when the answer says `Retry-After` (then nothing was done) or the call is repeatable,
 * and after no answer when the call is repeatable. Throws ArcRunError, or the signal's reason.
 */
export function createTransport(options: TransportOptions = {}): Send {
  const maxAttempts = options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
  return async <Body>(call: Call) => {
    let isRepeat = false;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await attemptCall<Body>(call, options);
      if (outcome.kind === 'answer') return outcome.answer;
      outcome.error.isRepeat = isRepeat;
      isRepeat ||= outcome.kind === 'unanswered' || outcome.retryAfter === null;
      const delayMs = attempt < maxAttempts ? delayBeforeNext(call, outcome, attempt) : undefined;
      if (delayMs === undefined) throw outcome.error;
      options.onRetry?.(outcome.error, delayMs);
      await sleep(delayMs, call.signal);
    }
  };
}

/**
 * Opens an answer that goes on and on; the time limit is for its beginning. Not repeated.
 * @throws ArcRunError when it is refused or does not begin
 */
export async function openStream(
  call: { url: string; accept: string; signal: AbortSignal },
  options: TransportOptions,
): Promise<Response> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const request: Call = { method: 'GET', url: call.url, headers: { accept: call.accept }, repeatable: true };
  let response: Response;
  try {
    response = await (options.fetch ?? globalThis.fetch)(call.url, {
      headers: requestHeaders(request, options.token),
      signal: AbortSignal.any([call.signal, late.signal]),
    });
    if (response.ok) return response;
    const text = await response.text();
    throw ArcRunError.fromAnswer(labelOf(request), response.status, jsonOrText(text));
  } catch (error) {
    call.signal.throwIfAborted();
    throw error instanceof ArcRunError ? error : unanswered(request, error, late.signal, timeoutMs);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits; throws the signal's reason when it is aborted meanwhile. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

type Outcome<Body> = { kind: 'answer'; answer: Answer<Body> } | Failed;

type Failed =
  | { kind: 'refused'; error: ArcRunError; retryAfter: string | null }
  | { kind: 'unanswered'; error: ArcRunError };

async function attemptCall<Body>(call: Call, options: TransportOptions): Promise<Outcome<Body>> {
  call.signal?.throwIfAborted();
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let text: string;
  try {
    response = await (options.fetch ?? globalThis.fetch)(call.url, {
      method: call.method,
      headers: requestHeaders(call, options.token),
      ...(call.body === undefined ? {} : { body: call.body }),
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (error) {
    call.signal?.throwIfAborted();
    return { kind: 'unanswered', error: unanswered(call, error, timeout, timeoutMs) };
  }
  const { status, headers } = response;
  if (!response.ok) {
    const error = ArcRunError.fromAnswer(labelOf(call), status, jsonOrText(text));
    return { kind: 'refused', error, retryAfter: headers.get('retry-after') };
  }
  let body: Body;
  try {
    body = JSON.parse(text === '' ? 'null' : text);
  } catch {
    const message = `${labelOf(call)} answered ${status} with a body that is not JSON`;
    throw new ArcRunError(message, { status, body: text });
  }
  return { kind: 'answer', answer: { status, headers, body } };
}

function labelOf(call: Call): string {
  return `${call.method} ${new URL(call.url).pathname}`;
}

function unanswered(call: Call, cause: unknown, timeout: AbortSignal, timeoutMs: number): ArcRunError {
  const why = timeout.aborted ? `within ${timeoutMs} ms` : `(${rootMessage(cause)})`;
  const message = `${labelOf(call)} got no answer from ${new URL(call.url).origin} ${why}`;
  return new ArcRunError(message, { status: 0, cause });
}

function requestHeaders(call: Call, token: string | undefined): Record<string, string> {
  return {
    accept: 'application/json',
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...call.headers,
  };
}

/** An error may come from a proxy, which speaks HTML. */
function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Undefined: the call is not to be made again. */
function delayBeforeNext(call: Call, outcome: Failed, attempt: number): number | undefined {
  const backoffMs = Math.random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  if (outcome.kind === 'unanswered') return call.repeatable ? backoffMs : undefined;
  if (outcome.error.status !== 429 && outcome.error.status !== 503) return undefined;
  const askedMs = retryAfterMs(outcome.retryAfter);
  if (askedMs === undefined) return call.repeatable ? backoffMs : undefined;
  return askedMs <= MAX_RETRY_AFTER_MS ? askedMs + backoffMs : undefined;
}

/** The header holds seconds or an HTTP date. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

/** fetch says "fetch failed" and hides the reason in its cause. */
function rootMessage(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause;
  if (!(deepest instanceof Error)) return String(deepest);
  // The error of several addresses tried in turn has no message, only a code.
  return deepest.message || ('code' in deepest ? String(deepest.code) : deepest.name);
}
