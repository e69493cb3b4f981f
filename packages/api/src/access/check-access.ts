import type { IncomingMessage } from 'node:http';
import { type AccessTokens, bearerToken } from '@arcrun/config';
import { ApiError } from '../http/errors.ts';
import { CHANGES_NOTHING, requireOwnOrigin } from './own-origin.ts';
import type { Sessions } from './sessions.ts';

/**
 * Passes a request that shows a token, or whose browser has a session. A token counts alone, right or wrong: a program
 * that shows one is not helped by a cookie.
 *
 * @throws ApiError 401 without either, 403 for a session's request that a foreign page sent
 */
export type AccessCheck = (request: IncomingMessage) => void;

export function accessCheck(tokens: AccessTokens, sessions: Sessions, hostUrl: string): AccessCheck {
  return (request) => {
    const { authorization, cookie } = request.headers;
    const token = bearerToken(authorization);
    if (token !== undefined) {
      if (!tokens.includes(token)) throw unauthorized('The token is wrong');
    } else if (!sessions.isOpen(cookie)) {
      throw unauthorized('A token is needed: Authorization: Bearer <token>');
    } else if (!CHANGES_NOTHING.includes(request.method ?? '')) {
      requireOwnOrigin(request, hostUrl);
    }
  };
}

const unauthorized = (message: string): ApiError =>
  new ApiError(401, message, { code: 'unauthorized' }, { 'www-authenticate': 'Bearer' });
