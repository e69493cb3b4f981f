import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Gives a request an id, or keeps the one that it came with, and answers with it. */
export function identifyRequest(request: IncomingMessage, response: ServerResponse): string {
  const given = request.headers['x-request-id'];
  const isUsable = typeof given === 'string' && /^[\w.:+/=-]{1,128}$/.test(given);
  const id = isUsable ? given : randomUUID();
  response.setHeader('x-request-id', id);
  return id;
}
