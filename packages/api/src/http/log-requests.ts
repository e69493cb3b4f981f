import type { Logger } from '@arcrun/observability';
import type { RequestHandler } from 'express';

/** A line for each call, at debug. */
export function logRequests(logger: Logger): RequestHandler {
  return (request, response, next) => {
    if (logger.level !== 'debug') {
      next();
      return;
    }
    const beganMs = performance.now();
    response.once('close', () => {
      logger.debug('request answered', {
        method: request.method,
        path: request.path,
        status: response.statusCode,
        duration_ms: Math.round(performance.now() - beganMs),
      });
    });
    next();
  };
}
