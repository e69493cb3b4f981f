import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { type RequestHandler, Router } from 'express';
import { CHANGES_NOTHING, requireOwnOrigin } from '../access/own-origin.ts';
import type { ApiContext } from '../app.ts';
import { assetFolder } from '../assets.ts';
import { ApiError } from '../http/errors.ts';
import { pageHeaders } from '../http/page-headers.ts';

/**
 * Bull Board, made when it is first looked at. Read-only unless a setting opens it: a job is a bell, and pulling at one
 * helps nobody.
 */
export function queueRoutes({ doorbell, settings }: ApiContext): Router {
  const router = Router();
  let board: RequestHandler | undefined;
  router.use('/admin/queues', pageHeaders, allowBase, leaveOutFonts, (request, response, next) => {
    // Without a token there is no session that would have been asked for its origin.
    if (request.headers.origin !== undefined && !CHANGES_NOTHING.includes(request.method))
      requireOwnOrigin(request, settings.HOST_URL);
    if (board === undefined) {
      const { queues } = doorbell;
      if (queues.length === 0)
        throw new ApiError(
          503,
          'Redis has not been reached yet',
          { code: 'unavailable' },
          { 'retry-after': '1' },
        );
      const serverAdapter = new ExpressAdapter();
      // The page names its own place, which may lie below a path that a proxy strips.
      serverAdapter.setBasePath(`${new URL(settings.HOST_URL).pathname.replace(/\/$/, '')}/admin/queues`);
      createBullBoard({
        queues: queues.map(
          (queue) => new BullMQAdapter(queue, { readOnlyMode: !settings.QUEUE_BOARD_WRITABLE }),
        ),
        serverAdapter,
        options: { uiBasePath: assetFolder('bull-board', '@bull-board/ui') },
      });
      board = serverAdapter.getRouter() as RequestHandler;
    }
    board(request, response, next);
  });
  return router;
}

/** Its page finds its files through a base element. */
const allowBase: RequestHandler = (_request, response, next) => {
  const policy = String(response.getHeader('content-security-policy'));
  response.setHeader('content-security-policy', policy.replace("base-uri 'none'", "base-uri 'self'"));
  next();
};

const REMOTE_FONTS = /<link href="https:\/\/fonts\.googleapis\.com[^>]*>/;

/** Its page asks a foreign host for fonts, which the policy refuses: nobody outside learns who looks at the queues. */
const leaveOutFonts: RequestHandler = (_request, response, next) => {
  const send = response.send.bind(response);
  response.send = (body: unknown) => send(typeof body === 'string' ? body.replace(REMOTE_FONTS, '') : body);
  next();
};
