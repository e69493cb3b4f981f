import { INT32_MAX, parseTaskQuery } from '@arcrun/contracts';
import { explainTask, findTask, listTasks, type TaskKey } from '@arcrun/database';
import { explain } from '@arcrun/domain';
import { Router } from 'express';
import type { ApiContext } from '../api-context.ts';
import { archivedEnd } from '../archived-end.ts';
import { createTasks } from '../create-tasks.ts';
import { conflict, invalid, methodNotAllowed, notFound } from '../http/errors.ts';
import { sendJsonText, sendLongJson } from '../http/json-text.ts';
import { linkNextPage, readTime, readUuid, toPage } from '../http/paging.ts';
import { readId } from '../http/path-ids.ts';
import { readIdempotencyKey } from '../http/idempotency-key.ts';
import { traceEnd } from '../trace-ends.ts';
import type { HandleCalls } from './handle-calls.ts';

export function taskRoutes(context: ApiContext, calls: HandleCalls): Router {
  const { bodies, database, commits, pageLimits, settings } = context;
  const router = Router();

  router
    .route('/task')
    .get(async (request, response) => {
      const parsed = parseTaskQuery(request.query, pageLimits);
      if (!parsed.ok) throw invalid(parsed.details);
      const { name, kind, status, batchId, timeoutSecs, metadata } = parsed.query;
      const page = toPage(parsed.query, readTaskKey);
      if (page === null) {
        sendJsonText(response, '[]');
        return;
      }
      const filters = { name, kind, status, batchId, timeoutSecs, metadata };
      const { json, next } = await listTasks(database.db, filters, page, settings.LIST_TIMEOUT_MS);
      linkNextPage(request, response, next);
      sendJsonText(response, json);
    })
    .post(async (request, response) => {
      const key = readIdempotencyKey(request);
      const { batchId, answer } = await bodies.readNewBatch(request, key !== null, ({ tasks, bodyHash }) => {
        const isOnce = key !== null && bodyHash !== null;
        const call = isOnce ? { call: 'POST /task', key, bodyHash: Buffer.from(bodyHash) } : null;
        return createTasks(tasks, call, context);
      });
      response.setHeader('x-batch-id', batchId);
      if (answer === null) response.status(204).end();
      else if (typeof answer === 'string') sendJsonText(response, answer, 201);
      else await sendLongJson(response, answer, 201);
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/task/:id')
    .get(async (request, response) => {
      const json = await findTask(database.db, readId(request.params.id, 'Task'));
      if (json === null) throw notFound('Task');
      sendJsonText(response, json);
    })
    .patch((request, response) => calls.PATCH(request, response, readId(request.params.id, 'Task')))
    .put((request, response) => calls.PUT(request, response, readId(request.params.id, 'Task')))
    .delete(async (request, response) => {
      const id = readId(request.params.id, 'Task');
      const result = await commits.cancel(id);
      switch (result.outcome) {
        case 'applied':
          await traceEnd(context, request, id);
          sendJsonText(response, `{"id":"${id}","status":"Canceled"}`);
          return;
        case 'unknown': {
          const { status: ended } = await archivedEnd(database, id);
          throw conflict(400, `The task has already ended in ${ended}`, ended);
        }
        case 'conflict':
          throw conflict(400, `The task has already ended in ${result.status}`, result.status);
      }
    })
    .all(methodNotAllowed('GET', 'PATCH', 'PUT', 'DELETE'));

  router
    .route('/task/:id/explain')
    .get(async (request, response) => {
      const facts = await explainTask(database.db, readId(request.params.id, 'Task'));
      if (facts === null) throw notFound('Task');
      response.json(explain(facts));
    })
    .all(methodNotAllowed('GET'));

  return router;
}

function readTaskKey(value: unknown): TaskKey | null {
  const { createdAt, batchId, position } = value as Record<keyof TaskKey, unknown>;
  const key = { createdAt: readTime(createdAt), batchId: readUuid(batchId), position };
  const isKey = key.createdAt !== null && key.batchId !== null && isPosition(position);
  return isKey ? (key as TaskKey) : null;
}

const isPosition = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= INT32_MAX;
