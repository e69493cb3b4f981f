import type { AccessTokens } from '@arcrun/config';
import express, { type Request, Router } from 'express';
import { requireOwnOrigin } from '../access/own-origin.ts';
import type { Sessions } from '../access/sessions.ts';
import { passingPage, signedInPage, signInPage, wrongTokenPage } from '../access/sign-in-page.ts';
import { ownAssetFolder } from '../assets.ts';
import { methodNotAllowed } from '../http/errors.ts';
import { pageHeaders, withoutSlash } from '../http/page-headers.ts';
import { readBody } from '../bodies/read-body.ts';

const FORM_MAX_BYTES = 16_384;

/** Where a browser turns a token into a session, and gives it back. Open to everybody. */
export function signInRoutes(tokens: AccessTokens, sessions: Sessions, hostUrl: string): Router {
  const router = Router();
  router.use(['/sign-in', '/sign-out', '/sign-in-files'], pageHeaders);
  router.use('/sign-in-files', express.static(ownAssetFolder('sign-in'), { index: false }));

  router
    .route('/sign-in')
    .get(withoutSlash, (request, response) => {
      response.set('cache-control', 'no-store').type('html');
      if (sessions.isOpen(request.headers.cookie)) {
        response.send(signedInPage);
      } else if (request.headers['sec-fetch-site'] === 'cross-site') {
        // The browser keeps the cookie to itself while it follows a foreign link. The next step is our own, so it
        // brings the cookie, or leads back here.
        response.set('refresh', `0; url=${wayOn(request)}`).send(passingPage(wayOn(request)));
      } else {
        response.send(signInPage);
      }
    })
    .post(async (request, response) => {
      // A program names none; a browser always does.
      if (request.headers.origin !== undefined) requireOwnOrigin(request, hostUrl);
      const form = new URLSearchParams(String(await readBody(request, { maxBytes: FORM_MAX_BYTES })));
      const token = form.get('token')?.trim() ?? '';
      response.set('cache-control', 'no-store');
      if (tokens.includes(token)) {
        response.set('set-cookie', sessions.open(token)).redirect(303, wayOn(request));
      } else {
        response.status(401).set('www-authenticate', 'Bearer').type('html').send(wrongTokenPage);
      }
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/sign-out')
    .post((request, response) => {
      requireOwnOrigin(request, hostUrl);
      response.set('set-cookie', sessions.close()).redirect(303, 'sign-in');
    })
    .all(methodNotAllowed('POST'));
  return router;
}

/** The same place of a server without tokens, where nobody has to sign in. */
export function openSignInRoutes(): Router {
  const router = Router();
  router.get('/sign-in', withoutSlash, (_request, response) => {
    response.redirect(302, 'view');
  });
  return router;
}

/** Where the browser wanted to go, as a path below that of the server, whatever the query says. */
function wayOn({ query }: Request): string {
  const to = typeof query['to'] === 'string' ? query['to'] : 'view';
  const { pathname, search } = new URL(`./${to}`, 'http://server/');
  return `.${pathname}${search}`;
}
