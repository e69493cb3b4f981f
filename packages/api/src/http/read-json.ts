import type { Request } from 'express';
import { type Json, parseJson } from '@arcrun/contracts';
import { ApiError, invalid } from './errors.ts';

/** Reads the JSON body of a request, without losing a digit. */
export async function readJson(request: Request, maxBytes: number): Promise<Json> {
  return (await readJsonBody(request, maxBytes)).json;
}

/** The same, with the bytes as they came. */
export async function readJsonBody(
  request: Request,
  maxBytes: number,
): Promise<{ readonly json: Json; readonly bytes: Buffer }> {
  const bytes = await readBody(request, maxBytes);
  if (bytes.length === 0) throw invalid(['body: must not be empty']);
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw invalid(['body: must be announced as JSON (Content-Type: application/json)']);
  }
  const parsed = parseJson(bytes);
  if (!parsed.ok) throw invalid(parsed.details ?? [`body: ${parsed.message}`]);
  return { json: parsed.value, bytes };
}

export function readBody(request: Request, maxBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.reject(tooLarge(maxBytes));
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    return Promise.reject(new ApiError(415, 'Encoded bodies are not accepted', { code: 'encoded_body' }));
  }
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks = [];
      reject(tooLarge(maxBytes));
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', reject);
    // A client that goes away in the middle is answered by nobody; the handler only has to end.
    request.on('aborted', () => reject(new ApiError(400, 'The request was aborted')));
  });
}

// The rest of the body is not waited for, so the connection cannot be used again.
const tooLarge = (maxBytes: number): ApiError =>
  new ApiError(
    413,
    `The body is larger than ${maxBytes} bytes`,
    { code: 'too_large' },
    { connection: 'close' },
  );
