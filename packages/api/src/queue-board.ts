import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Doorbell } from '@arcrun/queue';
import type { RequestHandler } from 'express';
import { assetFolder } from './assets.ts';

export interface QueueBoardOptions {
  /** Where browsers find it, which may lie below a path that a proxy strips. */
  readonly basePath: string;
  readonly readOnlyMode: boolean;
}

/** Bull Board. Only who opens it imports this: it takes memory, and most processes never show it. */
export function createQueueBoard(
  queues: Doorbell['queues'],
  { basePath, readOnlyMode }: QueueBoardOptions,
): RequestHandler {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(basePath);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode })),
    serverAdapter,
    options: { uiBasePath: assetFolder('bull-board', '@bull-board/ui') },
  });
  return serverAdapter.getRouter() as RequestHandler;
}
