import type { Response } from 'express';

/** Answers with JSON text as the database built it. */
export function sendJsonText(response: Response, json: string, status = 200): void {
  response.status(status);
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(json);
}
