import type { ServerResponse } from 'node:http';

/** Answers with JSON that is text, or its bytes, already. */
export function sendJsonText(response: ServerResponse, json: string | Uint8Array, status = 200): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(json);
}
