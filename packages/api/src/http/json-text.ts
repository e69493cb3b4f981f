import type { ServerResponse } from 'node:http';

/** Answers with JSON text as the database built it. */
export function sendJsonText(response: ServerResponse, json: string, status = 200): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(json);
}
