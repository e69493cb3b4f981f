import { type AccessTokens, bearerToken } from '@arcrun/config';
import type { Request, RequestHandler } from 'express';
import { ApiError } from '../http/errors.ts';
import { CHANGES_NOTHING, requireOwnOrigin } from './own-origin.ts';
import type { Sessions } from './sessions.ts';

/**
 * Lets a request through that shows a token, or whose browser has a session. A token counts alone, right or wrong: a
 * program that shows one is not helped by a cookie.
 */
export function requireToken(tokens: AccessTokens, sessions: Sessions, hostUrl: string): RequestHandler {
  return (request, response, next) => {
    const { authorization, cookie, accept } = request.headers;
    const token = bearerToken(authorization);
    if (token !== undefined) {
      if (!tokens.includes(token)) throw unauthorized('The token is wrong');
      next();
    } else if (sessions.isOpen(cookie)) {
      if (!CHANGES_NOTHING.includes(request.method)) requireOwnOrigin(request, hostUrl);
      next();
    } else if (request.method === 'GET' && accept?.includes('text/html') === true) {
      response.redirect(302, signInUrl(request));
    } else {
      throw unauthorized('A token is needed: Authorization: Bearer <token>');
    }
  };
}

const unauthorized = (message: string): ApiError =>
  new ApiError(401, message, { code: 'unauthorized' }, { 'www-authenticate': 'Bearer' });

/** Relative to the page that was asked for, so that it holds behind a proxy that strips a path. */
function signInUrl({ originalUrl }: Request): string {
  const [path = ''] = originalUrl.split('?', 1);
  const depth = path.split('/').length - 2;
  return `${'../'.repeat(depth)}sign-in?to=${encodeURIComponent(originalUrl.slice(1))}`;
}
