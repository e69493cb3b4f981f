import express, { Router } from 'express';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiContext } from '../app.ts';
import { ownAssetFolder } from '../assets.ts';
import { methodNotAllowed } from '../http/errors.ts';
import { pageHeaders, withoutSlash } from '../http/page-headers.ts';

const SIGN_OUT = '<form method="post" action="sign-out"><button class="link">Sign out</button></form>';

/** The web page: batches, and a batch with its tasks. Static files; everything it shows it asks the API for. */
export function viewRoutes({ settings }: ApiContext): Router {
  const folder = ownAssetFolder('view');
  const page = readFileSync(join(folder, 'index.html'), 'utf8').replace(
    '<!-- sign out -->',
    settings.AUTH_TOKEN === undefined ? '' : SIGN_OUT,
  );
  const router = Router();
  router.get('/', (_request, response) => {
    response.redirect(302, 'view');
  });
  router
    .route('/view')
    .get(pageHeaders, withoutSlash, (_request, response) => {
      response.type('html').send(page);
    })
    .all(methodNotAllowed('GET'));
  router.use('/view-files', pageHeaders, express.static(folder, { index: false }));
  return router;
}
