import type { RequestHandler } from 'express';

/** Headers of everything that a browser shows: no scripts but our own, no frames, no guessing of types. */
export const pageHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'content-security-policy':
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
  });
  next();
};

/** A page's relative URLs need the slash at its end. Relative, so that it holds behind a proxy that strips a path. */
export const withSlash: RequestHandler = (request, response, next) => {
  const [path = ''] = request.originalUrl.split('?', 1);
  if (path.endsWith('/')) {
    next();
    return;
  }
  const name = path.slice(path.lastIndexOf('/') + 1);
  response.redirect(302, `${name}/${request.originalUrl.slice(path.length)}`);
};

/** The other way round: relative URLs of a page that lies beside the others, and not below them. */
export const withoutSlash: RequestHandler = (request, response, next) => {
  if (!request.path.endsWith('/')) {
    next();
    return;
  }
  const name = request.path.slice(0, -1).split('/').at(-1);
  response.redirect(302, `../${name}${request.url.slice(request.path.length)}`);
};
