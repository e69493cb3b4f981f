import type { Request } from 'express';
import { invalid } from './errors.ts';

const KEY_MAX_LENGTH = 255;

/** The key by which a call may be repeated; null without one. */
export function readIdempotencyKey(request: Request): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || key.length === 0 || key.length > KEY_MAX_LENGTH)
    throw invalid([`Idempotency-Key: must have 1 to ${KEY_MAX_LENGTH} characters`]);
  return key;
}
