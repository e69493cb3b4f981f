import { reportAnswer, reportSilence } from './connection.ts';
import { readJson, writeJson } from './lossless-json.ts';

/** What the API answered instead of what was asked for. */
export class ApiError extends Error {
  readonly status: number;
  /** A stable name of what is wrong, where there is one. */
  readonly code: string | undefined;
  /** `<field>: <message>`, of a request that is not valid. */
  readonly details: readonly string[];

  constructor(status: number, message: string, code?: string, details: readonly string[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** No answer at all, or one that says: later. The same call may succeed in a moment. */
export class UnavailableError extends Error {}

export interface Answer<Body> {
  readonly body: Body;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const IS_LATER = new Set([502, 503, 504]);

/**
 * Calls the API. Paths are relative to the page, which may lie below a path that a proxy strips. Leads to the sign-in
 * page when the session has ended.
 *
 * @throws UnavailableError, ApiError
 */
export async function call<Body>(
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  { body, headers = {}, signal }: CallOptions = {},
): Promise<Answer<Body>> {
  const response = await send(path, {
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: writeJson(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  if (response.status === 401) {
    signIn();
    // The page is about to be left; nothing that waits for the answer may go on.
    return new Promise(() => undefined);
  }
  if (IS_LATER.has(response.status)) {
    reportSilence();
    throw new UnavailableError(readError(text).message ?? `The server answered ${response.status}`);
  }
  reportAnswer();
  if (!response.ok) {
    const { message, code, details } = readError(text);
    throw new ApiError(response.status, message ?? `The server answered ${response.status}`, code, details);
  }
  return { body: (text === '' ? null : readJson(text)) as Body, headers: response.headers };
}

/** The body of a `GET`. */
export async function get<Body>(path: string, signal?: AbortSignal): Promise<Body> {
  return (await call<Body>('GET', path, { signal })).body;
}

/** A query string of what is given: empty texts are left out. */
export function toQuery(parameters: Readonly<Record<string, string | number | undefined | null>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}

/** Goes to the sign-in page, and from there back to here. */
function signIn(): void {
  location.assign(`sign-in?to=${encodeURIComponent(`view${location.search}`)}`);
}

async function send(path: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    reportSilence();
    throw new UnavailableError('The API does not answer');
  }
}

function readError(text: string): { message?: string; code?: string; details?: string[] } {
  try {
    const body = JSON.parse(text) as { error?: unknown; code?: unknown; details?: unknown } | null;
    return {
      ...(typeof body?.error === 'string' ? { message: body.error } : {}),
      ...(typeof body?.code === 'string' ? { code: body.code } : {}),
      ...(Array.isArray(body?.details) ? { details: body.details.map(String) } : {}),
    };
  } catch {
    // Not ours: a proxy's page, say.
    return {};
  }
}
