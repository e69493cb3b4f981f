import { bearerToken } from '@arcrun/config';
import type { Request, RequestHandler } from 'express';
import type { AccessCheck } from './check-access.ts';
import type { Sessions } from './sessions.ts';

/** Lets a request through that the check passes; a page that is asked for without a session leads to where one begins. */
export function requireAccess(check: AccessCheck, sessions: Sessions): RequestHandler {
  return (request, response, next) => {
    if (isNewVisitor(request, sessions)) {
      response.redirect(302, signInUrl(request));
      return;
    }
    check(request);
    next();
  };
}

function isNewVisitor({ method, headers }: Request, sessions: Sessions): boolean {
  const isPage = method === 'GET' && headers.accept?.includes('text/html') === true;
  return isPage && bearerToken(headers.authorization) === undefined && !sessions.isOpen(headers.cookie);
}

/** Relative to the page that was asked for, so that it holds behind a proxy that strips a path. */
function signInUrl({ originalUrl }: Request): string {
  const [path = ''] = originalUrl.split('?', 1);
  const depth = path.split('/').length - 2;
  return `${'../'.repeat(depth)}sign-in?to=${encodeURIComponent(originalUrl.slice(1))}`;
}
