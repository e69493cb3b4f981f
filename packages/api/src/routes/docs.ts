import { buildOpenApi } from '@arcrun/contracts';
import express, { Router } from 'express';
import { assetFolder } from '../assets.ts';
import { methodNotAllowed } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';
import { pageHeaders, withSlash } from '../http/page-headers.ts';

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>ArcRun API</title>
<link rel="icon" href="favicon-32x32.png">
<link rel="stylesheet" href="swagger-ui.css">
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script src="show.js"></script>
</html>
`;
const SCRIPT = `SwaggerUIBundle({ url: '../api-docs/openapi.json', dom_id: '#swagger-ui', deepLinking: true });\n`;

/** The OpenAPI document, made from the schemas that validate, and a page that shows it. Both made on first use. */
export function docsRoutes(): Router {
  const router = Router();
  let document: string | undefined;
  router
    .route('/api-docs/openapi.json')
    .get((_request, response) => {
      document ??= JSON.stringify(buildOpenApi());
      sendJsonText(response, document);
    })
    .all(methodNotAllowed('GET'));

  const page = Router();
  page.get('/', withSlash, (_request, response) => {
    response.type('html').send(PAGE);
  });
  page.get('/show.js', (_request, response) => {
    response.type('js').send(SCRIPT);
  });
  page.all('/', methodNotAllowed('GET'));
  page.use(express.static(assetFolder('swagger-ui', 'swagger-ui-dist'), { index: false, maxAge: '1h' }));
  router.use('/swagger-ui', pageHeaders, page);
  return router;
}
