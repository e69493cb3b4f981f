import { INT32_MAX, parseTaskQuery, type TaskUpdate } from '@arcrun/contracts';
import {
  explainTask,
  findArchivedStatus,
  findTask,
  listTasks,
  type TaskKey,
  updateTask,
} from '@arcrun/database';
import { explain, isTerminal, type TaskStatus, type TerminalStatus } from '@arcrun/domain';
import { type Request, Router } from 'express';
import type { ApiContext } from '../app.ts';
import { createTasks } from '../create-tasks.ts';
import { conflict, invalid, methodNotAllowed, notFound } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';
import { linkNextPage, readTime, readUuid, toPage } from '../http/paging.ts';
import { readId } from '../http/path-ids.ts';
import { readIdempotencyKey } from '../http/idempotency-key.ts';
import { traceEnd } from '../trace-ends.ts';

export function taskRoutes(context: ApiContext): Router {
  const { bodies, database, commits, doorbell, pageLimits, settings } = context;
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
      else sendJsonText(response, answer, 201);
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/task/:id')
    .get(async (request, response) => {
      const json = await findTask(database.db, readId(request.params.id, 'Task'));
      if (json === null) throw notFound('Task');
      sendJsonText(response, json);
    })
    .patch(async (request, response) => {
      const id = readId(request.params.id, 'Task');
      const update = await bodies.read(request, 'taskUpdate');
      const status = update.status === null ? await change(id, update) : await report(request, id, update);
      sendJsonText(response, `{"id":"${id}","status":"${status}"}`);
    })
    .put(async (request, response) => {
      const id = readId(request.params.id, 'Task');
      const { newSuccess, newFailures } = await bodies.read(request, 'counters');
      await commits.addProgress({ id, success: newSuccess, failures: newFailures });
      response.status(202).end();
    })
    .delete(async (request, response) => {
      const id = readId(request.params.id, 'Task');
      const result = await commits.cancel(id);
      switch (result.outcome) {
        case 'applied':
          await traceEnd(context, request, id);
          sendJsonText(response, `{"id":"${id}","status":"Canceled"}`);
          return;
        case 'unknown': {
          const ended = await archivedStatus(id);
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

  async function report(
    request: Request,
    id: string,
    update: TaskUpdate & { status: 'Success' | 'Failure' | null },
  ): Promise<string> {
    const status = update.status!;
    const result = await commits.report({
      id,
      status,
      reason: update.failureReason ?? undefined,
      newSuccess: update.newSuccess,
      newFailures: update.newFailures,
      expectedCount: update.expectedCount ?? undefined,
      priority: update.priority ?? undefined,
      metadata: update.metadata ?? undefined,
    });
    switch (result.outcome) {
      case 'applied':
        await traceEnd(context, request, id);
        return status;
      case 'unknown':
        return refuse(await archivedStatus(id));
      case 'conflict':
        return refuse(result.status);
    }

    function refuse(current: TaskStatus): string {
      // Said twice: it is so already, and nothing moves.
      if (current === status) return status;
      throw conflict(409, `The task is ${current}`, current);
    }
  }

  async function change(id: string, update: TaskUpdate): Promise<string> {
    const result = await updateTask(database.db, id, {
      newSuccess: update.newSuccess,
      newFailures: update.newFailures,
      expectedCount: update.expectedCount ?? undefined,
      priority: update.priority ?? undefined,
      metadata: update.metadata ?? undefined,
    });
    if (result === null || !result.changed || isTerminal(result.status)) {
      const ended = result?.status ?? (await archivedStatus(id));
      throw conflict(409, `The task has already ended in ${ended}`, ended);
    }
    doorbell.changed();
    if (result.freed) doorbell.ring('start');
    return result.status;
  }

  /** @throws 404 when it is not in the archive either */
  async function archivedStatus(id: string): Promise<TerminalStatus> {
    const status = await findArchivedStatus(database.db, id);
    if (status === null) throw notFound('Task');
    return status;
  }
}

function readTaskKey(value: unknown): TaskKey | null {
  const { createdAt, batchId, position } = value as Record<keyof TaskKey, unknown>;
  const key = { createdAt: readTime(createdAt), batchId: readUuid(batchId), position };
  const isKey = key.createdAt !== null && key.batchId !== null && isPosition(position);
  return isKey ? (key as TaskKey) : null;
}

const isPosition = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= INT32_MAX;
