import express, { Router } from 'express';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { methodNotAllowed } from '../http/errors.ts';
import { pageHeaders } from '../http/page-headers.ts';

/** The web page: batches, and a batch with its tasks. Static files; everything it shows it asks the API for. */
export function viewRoutes(): Router {
  const beside = join(import.meta.dirname, 'assets/view');
  const folder = existsSync(beside) ? beside : join(import.meta.dirname, '../view');
  const router = Router();
  router.get('/', (_request, response) => {
    response.redirect(302, 'view');
  });
  router
    .route('/view')
    .get(pageHeaders, (request, response) => {
      // Its relative URLs count from the path without a slash at the end.
      if (request.path.endsWith('/'))
        response.redirect(302, `../view${request.url.slice(request.path.length)}`);
      else response.sendFile('index.html', { root: folder });
    })
    .all(methodNotAllowed('GET'));
  router.use('/view-files', pageHeaders, express.static(folder, { index: false }));
  return router;
}
