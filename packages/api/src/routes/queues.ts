import { type RequestHandler, Router } from 'express';
import { CHANGES_NOTHING, requireOwnOrigin } from '../access/own-origin.ts';
import type { ApiContext } from '../api-context.ts';
import { methodNotAllowed, unavailable } from '../http/errors.ts';
import { pageHeaders } from '../http/page-headers.ts';

/**
 * Bull Board, loaded when it is first looked at. Read-only unless a setting opens it: a job is a bell, and pulling at one
 * helps nobody.
 */
export function queueRoutes({ doorbell, settings }: ApiContext): Router {
  const router = Router();
  let board: RequestHandler | undefined;
  router.use('/admin/queues', pageHeaders, allowBase, leaveOutFonts, async (request, response, next) => {
    // Without a token there is no session that would have been asked for its origin.
    if (request.headers.origin !== undefined && !CHANGES_NOTHING.includes(request.method))
      requireOwnOrigin(request, settings.HOST_URL);
    board ??= await open();
    board(request, response, next);
  });
  router.all('/admin/queues', methodNotAllowed('GET'));
  return router;

  async function open(): Promise<RequestHandler> {
    const { queues } = doorbell;
    if (queues.length === 0) throw unavailable('Redis has not been reached yet');
    const { createQueueBoard } = await import('../queue-board.ts');
    return createQueueBoard(queues, {
      basePath: `${new URL(settings.HOST_URL).pathname.replace(/\/$/, '')}/admin/queues`,
      readOnlyMode: !settings.QUEUE_BOARD_WRITABLE,
    });
  }
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
