import type { IncomingMessage } from 'node:http';
import type { Tracing } from '@arcrun/observability';
import type { Request, RequestHandler } from 'express';

/** Asked for all the time, by machines and pages, or open for hours: spans of theirs would hide the others. */
const UNTRACED =
  /^\/(metrics|overview|admin\/queues|swagger-ui|api-docs|view|sign-in|batch\/[^/]+\/events)(\/|$)/;

/** A span for each call, in the trace that it came with. */
export function traceRequests(tracing: Tracing): RequestHandler {
  return (request, response, next) => {
    if (UNTRACED.test(request.path)) {
      next();
      return;
    }
    const span = tracing.start({
      name: request.method,
      kind: 'server',
      parent: traceparentOf(request) ?? null,
      attributes: {
        'http.request.method': request.method,
        'url.path': request.path,
        'arcrun.request_id': String(response.getHeader('x-request-id')),
      },
    });
    response.once('close', () => {
      const route = routeOf(request);
      if (route !== undefined) span.rename(`${request.method} ${route}`);
      span.set({ 'http.route': route, 'http.response.status_code': response.statusCode });
      if (response.statusCode >= 500) span.fail(`answered ${response.statusCode}`);
      span.end();
    });
    tracing.within(span, next);
  };
}

/** The span of the caller. */
export function traceparentOf({ headers: { traceparent } }: IncomingMessage): string | undefined {
  return typeof traceparent === 'string' ? traceparent : undefined;
}

// Of routes and not of paths: names of spans are few.
function routeOf(request: Request): string | undefined {
  const path = (request.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? request.baseUrl + path : undefined;
}
