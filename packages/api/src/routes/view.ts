import express, { type RequestHandler, Router } from 'express';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiContext } from '../api-context.ts';
import { assetFolder } from '../assets.ts';
import { ApiError, methodNotAllowed } from '../http/errors.ts';
import { pageHeaders, withoutSlash } from '../http/page-headers.ts';

const SIGN_OUT = '<form id="sign-out" method="post" action="sign-out"></form>';
const YEAR_SECS = 365 * 86_400;

/** The web UI: one page, and its files below it. Static; everything it shows it asks the API for. */
export function viewRoutes({ settings }: ApiContext): Router {
  const folder = assetFolder('web', '@arcrun/web', 'dist');
  let page: string | undefined;
  const readPage = (): string => {
    const path = join(folder, 'index.html');
    if (!existsSync(path))
      throw new ApiError(503, 'The web UI is not built: npm run build', { code: 'not_built' });
    const signOut = settings.AUTH_TOKEN === undefined ? '' : SIGN_OUT;
    return readFileSync(path, 'utf8').replace('<!-- sign out -->', signOut);
  };
  const router = Router();
  router.get('/', (_request, response) => {
    response.redirect(302, 'view');
  });
  router
    .route('/view')
    .get(pageHeaders, strictStyles, withoutSlash, (_request, response) => {
      page ??= readPage();
      response.set('cache-control', 'no-cache').type('html').send(page);
    })
    .all(methodNotAllowed('GET'));
  // Their names hold the hash of their content.
  const assets = express.static(join(folder, 'view/assets'), {
    index: false,
    immutable: true,
    maxAge: YEAR_SECS * 1000,
  });
  router.use('/view/assets', pageHeaders, pressed(join(folder, 'view/assets')), assets);
  router.use('/view', pageHeaders, express.static(join(folder, 'view'), { index: false, maxAge: '1h' }));
  return router;
}

/** The page brings all its styles in files, so the policy allows no others. */
const strictStyles: RequestHandler = (_request, response, next) => {
  const policy = String(response.getHeader('content-security-policy'));
  response.setHeader('content-security-policy', policy.replace(" 'unsafe-inline'", ''));
  next();
};

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** Sends the file that was pressed when it was built, to who takes it. */
function pressed(folder: string): RequestHandler {
  return (request, response, next) => {
    response.vary('accept-encoding');
    const type = TYPES[/^\/[\w-]+\.(js|css)$/.exec(request.path)?.[1] ?? ''];
    if (type !== undefined && request.acceptsEncodings('gzip') === 'gzip') {
      if (existsSync(join(folder, `${request.path}.gz`))) {
        response.set({ 'content-type': type, 'content-encoding': 'gzip' });
        request.url = request.url.replace(request.path, `${request.path}.gz`);
      }
    }
    next();
  };
}
