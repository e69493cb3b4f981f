import type { IncomingMessage } from 'node:http';
import { ChunkedBytes } from '@arcrun/contracts';
import { ApiError, invalid } from '../http/errors.ts';
import { BIG_BODY_BYTES, type BodyPlace } from './body-gate.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Holds the bytes from before they are read. */
  readonly place?: BodyPlace;
}

/** Reads the bytes of a body that is announced as JSON. */
export async function readJsonBytes(
  request: IncomingMessage,
  limits: BodyLimits,
): Promise<Buffer<ArrayBuffer>> {
  const bytes = await readBody(request, limits);
  if (bytes.length === 0) throw invalid(['body: must not be empty']);
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw invalid(['body: must be announced as JSON (Content-Type: application/json)']);
  }
  return bytes;
}

/** Whether the request comes with a body at all. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
}

export async function readBody(
  request: IncomingMessage,
  { maxBytes, place }: BodyLimits,
): Promise<Buffer<ArrayBuffer>> {
  const admit = (bytes: number) => {
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    place?.hold(bytes);
  };
  const announced = Number(request.headers['content-length'] ?? 0);
  admit(announced);
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new ApiError(415, 'Encoded bodies are not accepted', { code: 'encoded_body' });
  }
  return new Promise((resolve, reject) => {
    const body = new ChunkedBytes(announced > BIG_BODY_BYTES ? announced : 0);
    const take = (chunk: Buffer<ArrayBuffer>) => {
      try {
        admit(body.size + chunk.length);
        body.add(chunk);
      } catch (error) {
        request.off('data', take);
        body.clear();
        reject(error);
      }
    };
    request.on('data', take);
    request.on('end', () => resolve(body.toBuffer()));
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
