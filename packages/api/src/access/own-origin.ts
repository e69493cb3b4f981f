import type { IncomingMessage } from 'node:http';
import { ApiError } from '../http/errors.ts';

/** Methods that any page may send. */
export const CHANGES_NOTHING: readonly string[] = ['GET', 'HEAD'];

/**
 * Throws unless a page of ours sent the request: a browser names the origin of the page with every call that may change
 * something. A proxy may have put another name in `Host`, so `HOST_URL` counts as well.
 */
export function requireOwnOrigin({ headers }: IncomingMessage, hostUrl: string): void {
  const origin = URL.parse(headers.origin ?? '');
  if (origin !== null && (origin.origin === new URL(hostUrl).origin || origin.host === headers.host)) return;
  throw new ApiError(403, 'A page of another origin may not change anything', { code: 'foreign_origin' });
}
