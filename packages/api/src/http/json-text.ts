import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { inSlices } from '@arcrun/database';

const LONG_BYTES = 1_048_576;

/** Answers with JSON that is text, or its bytes, already. */
export function sendJsonText(response: ServerResponse, json: string | Uint8Array, status = 200): void {
  writeHead(response, status);
  response.end(json);
}

/**
 * The same for an answer that may be long: it is sent a part at a time, so that others get their turn.
 *
 * Resolves when it has been sent, or the client has gone.
 */
export async function sendLongJson(response: ServerResponse, json: Uint8Array, status = 200): Promise<void> {
  if (json.length < LONG_BYTES) {
    sendJsonText(response, json, status);
    return;
  }
  writeHead(response, status);
  response.setHeader('content-length', json.length);
  await pipeline(Readable.from(inSlices(json)), response).catch(() => undefined);
}

function writeHead(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
}
