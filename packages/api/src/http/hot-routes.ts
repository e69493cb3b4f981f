import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { parseUuid } from '@arcrun/contracts';
import { type Logger, runInRequest } from '@arcrun/observability';
import type { AccessCheck } from '../access/check-access.ts';
import type { HandleCall, HandleCalls } from '../routes/handle-calls.ts';
import { answerError } from './errors.ts';
import { identifyRequest } from './identify-request.ts';

export interface HotRoutesOptions {
  readonly calls: HandleCalls;
  /** Undefined where everybody may call. */
  readonly checkAccess: AccessCheck | undefined;
  readonly logger: Logger;
}

/**
 * Serves the calls on a task's handle, of which there are thousands a second, past Express, whose way to them costs as
 * much as they do. What is done for each call, and what these calls do, are the same functions on both ways. What is
 * out of the ordinary takes the way through Express, which has these routes too: a path that is spelled in another way,
 * and all calls while each is logged.
 *
 * @param otherwise Express, for all other requests
 */
export function hotRoutes(
  { calls, checkAccess, logger }: HotRoutesOptions,
  otherwise: RequestListener,
): RequestListener {
  const serve = async (
    call: HandleCall,
    id: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    try {
      checkAccess?.(request);
      await call(request, response, id);
    } catch (error) {
      answerError(logger, error, request, response);
    }
  };
  return (request, response) => {
    const call = calls[request.method as keyof HandleCalls];
    const id = call === undefined || logger.level === 'debug' ? null : findTaskId(request.url ?? '');
    if (id === null) otherwise(request, response);
    else runInRequest(identifyRequest(request, response), () => void serve(call, id, request, response));
  };
}

const PREFIX = '/task/';
const UUID_LENGTH = 36;

/** The id in the path of a task, in lower case; null for any other path. */
function findTaskId(url: string): string | null {
  const end = PREFIX.length + UUID_LENGTH;
  const isTask = url.startsWith(PREFIX) && (url.length === end || url[end] === '?');
  return isTask ? parseUuid(url.slice(PREFIX.length, end)) : null;
}
