import type { RequestListener } from 'node:http';
import type { Settings } from '@arcrun/config';
import { runInRequest } from '@arcrun/observability';
import express, { type Express, type RequestHandler } from 'express';
import { type AccessCheck, accessCheck } from './access/check-access.ts';
import { requireAccess } from './access/require-access.ts';
import { Sessions } from './access/sessions.ts';
import type { ApiContext } from './api-context.ts';
import { answerErrors, noSuchRoute } from './http/errors.ts';
import { hotRoutes } from './http/hot-routes.ts';
import { identifyRequest } from './http/identify-request.ts';
import { logRequests } from './http/log-requests.ts';
import { OpenRequests } from './http/open-requests.ts';
import { traceRequests } from './http/trace-requests.ts';
import { batchRoutes } from './routes/batches.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { docsRoutes } from './routes/docs.ts';
import { eventRoutes } from './routes/events.ts';
import { handleCalls } from './routes/handle-calls.ts';
import { healthRoutes } from './routes/health.ts';
import { pauseResumeRoutes } from './routes/pause-resume.ts';
import { logLevelRoutes } from './routes/log-level.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { overviewRoutes } from './routes/overview.ts';
import { queueRoutes } from './routes/queues.ts';
import { openSignInRoutes, signInRoutes } from './routes/sign-in.ts';
import { taskRoutes } from './routes/tasks.ts';
import { viewRoutes } from './routes/view.ts';

/** The HTTP API. It holds no state of its own: any number of processes serve the same. */
export function createApp(context: ApiContext): RequestListener {
  const { logger, metrics, settings, tracing } = context;
  const open = new OpenRequests({
    max: settings.OPEN_REQUESTS_MAX,
    logger,
    onRefusal: () => metrics.requestsShed.inc(),
  });
  const calls = handleCalls(context);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(identifyRequests);
  app.use(healthRoutes(context));
  if (tracing !== undefined) app.use(traceRequests(tracing));
  app.use(logRequests(logger));
  const checkAccess = guard(app, settings);
  app.use(taskRoutes(context, calls));
  app.use(pauseResumeRoutes(context));
  app.use(batchRoutes(context));
  app.use(eventRoutes(context, open));
  app.use(deliveryRoutes(context));
  app.use(overviewRoutes(context));
  app.use(metricsRoutes(context));
  app.use(logLevelRoutes(context));
  app.use(docsRoutes());
  app.use(queueRoutes(context));
  app.use(viewRoutes(context));
  app.use(noSuchRoute);
  app.use(answerErrors(logger));
  // A span for each call costs so much more than Express that only it serves while tracing is on.
  return open.limit(tracing === undefined ? hotRoutes({ calls, checkAccess, logger }, app) : app);
}

/**
 * Closes everything that is added to the app from here on, except for the page that opens it.
 *
 * @returns what closes it; undefined when it stays open
 */
function guard(app: Express, { AUTH_TOKEN: tokens, HOST_URL: hostUrl }: Settings): AccessCheck | undefined {
  if (tokens === undefined) {
    app.use(openSignInRoutes());
    return undefined;
  }
  const sessions = new Sessions(tokens, hostUrl);
  const check = accessCheck(tokens, sessions, hostUrl);
  app.use(signInRoutes(tokens, sessions, hostUrl));
  app.use(requireAccess(check, sessions));
  return check;
}

const identifyRequests: RequestHandler = (request, response, next) => {
  runInRequest(identifyRequest(request, response), next);
};
