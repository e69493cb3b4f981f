import { type Moved, pauseTask, resumeTask } from '@arcrun/database';
import { Router } from 'express';
import type { ApiContext } from '../api-context.ts';
import { archivedEnd } from '../archived-end.ts';
import { conflict, methodNotAllowed } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';
import { readId } from '../http/path-ids.ts';

/** Pause and resume. */
export function pauseResumeRoutes({ database, doorbell, metrics }: ApiContext): Router {
  const router = Router();

  router
    .route('/task/pause/:id')
    .patch(async (request, response) => {
      const id = readId(request.params.id, 'Task');
      const { status } = await changed(id, await pauseTask(database.db, id), 'paused');
      // A rule may count what waits.
      doorbell.ring('start');
      sendJsonText(response, `{"id":"${id}","status":"${status}"}`);
    })
    .all(methodNotAllowed('PATCH'));

  router
    .route('/task/resume/:id')
    .patch(async (request, response) => {
      const id = readId(request.params.id, 'Task');
      const { status } = await changed(id, await resumeTask(database.db, id), 'resumed');
      // It may start, or a rule counts what is Paused.
      doorbell.ring('start');
      sendJsonText(response, `{"id":"${id}","status":"${status}"}`);
    })
    .all(methodNotAllowed('PATCH'));

  return router;

  async function changed(id: string, moved: Moved | null, done: string): Promise<Moved> {
    const { status } = moved ?? (await archivedEnd(database, id));
    if (!moved?.changed) throw conflict(400, `The task is ${status} and cannot be ${done}`, status);
    const { was } = moved;
    metrics.taskStatusTransitions.inc({ from_status: was, to_status: status });
    return moved;
  }
}
