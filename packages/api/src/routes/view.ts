import express, { Router } from 'express';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pageHeaders } from '../http/page-headers.ts';

/** The web page: batches, and a batch with its tasks. Static files; everything it shows it asks the API for. */
export function viewRoutes(): Router {
  const beside = join(import.meta.dirname, 'assets/view');
  const folder = existsSync(beside) ? beside : join(import.meta.dirname, '../view');
  const router = Router();
  router.get('/', (_request, response) => {
    response.redirect(302, 'view');
  });
  router.get('/view', pageHeaders, (_request, response) => {
    response.sendFile('index.html', { root: folder });
  });
  router.use('/view-files', pageHeaders, express.static(folder, { index: false }));
  return router;
}
