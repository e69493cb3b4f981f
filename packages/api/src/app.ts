import { randomUUID } from 'node:crypto';
import type { Settings } from '@arcrun/config';
import type { PageLimits } from '@arcrun/contracts';
import type { Database } from '@arcrun/database';
import { type Logger, type Metrics, runInRequest, type Tracing } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import express, { type Express, type RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import { requireToken } from './access/require-token.ts';
import { Sessions } from './access/sessions.ts';
import type { Bodies } from './bodies/bodies.ts';
import { answerErrors, noSuchRoute } from './http/errors.ts';
import type { BatchFeeds } from './events/batch-feeds.ts';
import { logRequests } from './http/log-requests.ts';
import { traceRequests } from './http/trace-requests.ts';
import { batchRoutes } from './routes/batches.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { docsRoutes } from './routes/docs.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { lifecycleRoutes } from './routes/lifecycle.ts';
import { logLevelRoutes } from './routes/log-level.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { notBuiltRoutes } from './routes/not-built.ts';
import { queueRoutes } from './routes/queues.ts';
import { openSignInRoutes, signInRoutes } from './routes/sign-in.ts';
import { taskRoutes } from './routes/tasks.ts';
import { viewRoutes } from './routes/view.ts';
import type { TaskCommits } from './task-commits.ts';

/** What the routes work with. */
export interface ApiContext {
  readonly settings: Settings;
  readonly bodies: Bodies;
  readonly pageLimits: PageLimits;
  readonly database: Database;
  readonly redis: Redis;
  readonly doorbell: Doorbell;
  readonly commits: TaskCommits;
  readonly feeds: BatchFeeds;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Undefined while tracing is off. */
  readonly tracing: Tracing | undefined;
}

/** The HTTP API. It holds no state of its own: any number of processes serve the same. */
export function createApp(context: ApiContext): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(identifyRequest);
  app.use(healthRoutes(context));
  if (context.tracing !== undefined) app.use(traceRequests(context.tracing));
  app.use(logRequests(context.logger));
  guard(app, context.settings);
  app.use(notBuiltRoutes());
  app.use(taskRoutes(context));
  app.use(lifecycleRoutes(context));
  app.use(batchRoutes(context));
  app.use(eventRoutes(context));
  app.use(deliveryRoutes(context));
  app.use(metricsRoutes(context));
  app.use(logLevelRoutes(context));
  app.use(docsRoutes());
  app.use(queueRoutes(context));
  app.use(viewRoutes(context));
  app.use(noSuchRoute);
  app.use(answerErrors(context.logger));
  return app;
}

/** Closes everything that is added to the app from here on, except for the page that opens it. */
function guard(app: Express, { AUTH_TOKEN: tokens, HOST_URL: hostUrl }: Settings): void {
  if (tokens === undefined) {
    app.use(openSignInRoutes());
    return;
  }
  const sessions = new Sessions(tokens, hostUrl);
  app.use(signInRoutes(tokens, sessions, hostUrl));
  app.use(requireToken(tokens, sessions, hostUrl));
}

/** Gives each request an id, or keeps the one that it came with. */
const identifyRequest: RequestHandler = (request, response, next) => {
  const given = request.headers['x-request-id'];
  const isUsable = typeof given === 'string' && /^[\w.:+/=-]{1,128}$/.test(given);
  const id = isUsable ? given : randomUUID();
  response.setHeader('x-request-id', id);
  runInRequest(id, next);
};
