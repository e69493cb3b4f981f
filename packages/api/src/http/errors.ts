import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { BreakerOpenError, classifyFailure } from '@arcrun/database';
import type { TaskStatus } from '@arcrun/domain';
import type { Logger } from '@arcrun/observability';

/** What an error answer says besides its sentence. */
export interface ErrorFields {
  readonly code?: string;
  readonly details?: readonly string[];
  readonly current_status?: TaskStatus;
  readonly current_attempt?: number;
}

/** An answer of 400 and above, thrown from wherever it is found out. */
export class ApiError extends Error {
  readonly status: number;
  readonly fields: ErrorFields;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    fields: ErrorFields = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.headers = headers;
  }
}

export const invalid = (details: readonly string[]): ApiError =>
  new ApiError(400, 'The request is not valid', { code: 'invalid', details });

export const notFound = (what: string): ApiError =>
  new ApiError(404, `${what} not found`, { code: 'not_found' });

export const conflict = (status: number, message: string, current: TaskStatus, attempt?: number): ApiError =>
  new ApiError(status, message, {
    code: 'wrong_state',
    current_status: current,
    ...(attempt !== undefined && { current_attempt: attempt }),
  });

export const unavailable = (message: string, retryAfterSecs = 1): ApiError =>
  new ApiError(503, message, { code: 'unavailable' }, { 'retry-after': String(retryAfterSecs) });

/** Answers a wrong method with the ones that the path has. */
export function methodNotAllowed(...allowed: readonly string[]): RequestHandler {
  return (request) => {
    throw new ApiError(
      405,
      `${request.method} is not allowed here`,
      { code: 'wrong_method' },
      { allow: allowed.join(', ') },
    );
  };
}

export const noSuchRoute: RequestHandler = (request) => {
  throw notFound(`${request.method} ${request.path}`);
};

/** {@link answerError} for what comes through Express. */
export function answerErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) next(error);
    else answerError(logger, error, request, response);
  };
}

/** The one place where errors become answers. Nothing of an answer may have been sent. */
export function answerError(
  logger: Logger,
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const answer = toApiError(error);
  if (answer.status === 500) {
    logger.error('request failed', { error, method: request.method, path: request.url?.split('?', 1)[0] });
  }
  sendError(request, response, answer);
}

function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message, fields, headers }: ApiError,
): void {
  const body = JSON.stringify({ error: message, status, ...fields });
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  if (headers['connection'] !== 'close') response.end(body);
  else linger(request, response, body);
}

const LINGER_MS = 1000;

/**
 * Answers in the middle of a body that is not wanted. What is still on its way is thrown away for a moment: a
 * connection that is closed on unread data is reset, and the client would never see the answer.
 */
function linger(request: IncomingMessage, response: ServerResponse, body: string): void {
  response.write(body);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.once('end', end).once('close', end);
  request.resume();
}

/** Of what serves files: a range that there is not, a condition that does not hold. */
function isRefusal(
  error: unknown,
): error is Error & { statusCode: number; headers?: Record<string, string> } {
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500;
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  // Express: a path that cannot be percent-decoded.
  if (error instanceof URIError) return notFound('The path was');
  if (isRefusal(error))
    return new ApiError(error.statusCode, STATUS_CODES[error.statusCode] ?? 'Refused', {}, error.headers);
  if (error instanceof BreakerOpenError)
    return unavailable('The database does not answer', error.retryAfterSecs);
  switch (classifyFailure(error)) {
    case 'unavailable':
      return unavailable('The database does not answer');
    case 'in doubt':
      // Without Retry-After, which would say that nothing was done.
      return new ApiError(503, 'The database was lost while it stored this; nobody knows whether it did', {
        code: 'outcome_unknown',
      });
    case 'too slow':
      return unavailable('This took too long; in a search, narrower filters or the Link of a page take less');
    case 'locked':
    case 'conflict':
      return unavailable('The task is locked by somebody else');
    case 'query':
      return new ApiError(500, 'Internal error', { code: 'internal' });
  }
}
