import { parseBatchesQuery, type StopBatchResponseDto } from '@arcrun/contracts';
import {
  type BatchKey,
  changeRules,
  findArchivedBatchSize,
  findBatch,
  findDag,
  listBatches,
  stopBatch,
} from '@arcrun/database';
import { isTerminal, TASK_STATUSES } from '@arcrun/domain';
import { Router } from 'express';
import type { ApiContext } from '../api-context.ts';
import { hasBody } from '../bodies/read-body.ts';
import { DEFAULT_RERUN_BODY } from '../bodies/readers.ts';
import { invalid, methodNotAllowed, notFound } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';
import { linkNextPage, readTime, readUuid, toPage } from '../http/paging.ts';
import { refuseCrowdedKind } from '../http/crowded-kind.ts';
import { readIdempotencyKey } from '../http/idempotency-key.ts';
import { readId } from '../http/path-ids.ts';
import { rerun } from '../rerun.ts';

export function batchRoutes(context: ApiContext): Router {
  const { bodies, database, doorbell, metrics, pageLimits, settings } = context;
  const router = Router();

  router
    .route('/batch/:id')
    .get(async (request, response) => {
      const json = await findBatch(database.db, readId(request.params.id, 'Batch'));
      if (json === null) throw notFound('Batch');
      sendJsonText(response, json);
    })
    .delete(async (request, response) => {
      response.json(await stop(readId(request.params.id, 'Batch')));
    })
    .all(methodNotAllowed('GET', 'DELETE'));

  router
    .route('/batch/:id/rules')
    .patch(async (request, response) => {
      const batchId = readId(request.params.id, 'Batch');
      const { kind, rules } = await bodies.read(request, 'batchRules');
      const updated = await changeRules(database.db, { batchId, kind, rules }).catch(refuseCrowdedKind);
      if (updated === null) await archivedSize(batchId);
      if (updated !== null && updated > 0) doorbell.ring('start');
      response.json({ batch_id: batchId, kind, updated_count: updated ?? 0 });
    })
    .all(methodNotAllowed('PATCH'));

  router
    .route('/batch/:id/rerun')
    .post(async (request, response) => {
      const batchId = readId(request.params.id, 'Batch');
      const key = readIdempotencyKey(request);
      const body = hasBody(request) ? await bodies.read(request, 'rerun') : DEFAULT_RERUN_BODY;
      const result = await rerun(batchId, body, key, context);
      switch (result.outcome) {
        case 'planned':
          response.json(result.plan);
          return;
        case 'nothing':
          response.status(204).end();
          return;
        case 'created':
          response.setHeader('x-batch-id', result.batchId);
          sendJsonText(response, result.answer, 201);
      }
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/batches')
    .get(async (request, response) => {
      const parsed = parseBatchesQuery(request.query, pageLimits);
      if (!parsed.ok) throw invalid(parsed.details);
      const page = toPage(parsed.query, readBatchKey);
      if (page === null) {
        sendJsonText(response, '[]');
        return;
      }
      const { json, next } = await listBatches(database.db, parsed.query, page, settings.LIST_TIMEOUT_MS);
      linkNextPage(request, response, next);
      sendJsonText(response, json);
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/dag/:id')
    .get(async (request, response) => {
      sendJsonText(response, await findDag(database.db, readId(request.params.id, 'Batch')));
    })
    .all(methodNotAllowed('GET'));

  return router;

  async function stop(id: string): Promise<StopBatchResponseDto> {
    const stopped = await stopBatch(database.db, id);
    const { before, notified, completed } = stopped ?? { before: {}, notified: 0, completed: false };
    doorbell.changed();
    // Places of what was running are free.
    if (completed) doorbell.ring('start');
    if (notified > 0) doorbell.ring('webhook');
    if (completed) metrics.batchesCompleted.inc();
    let alreadyTerminal = stopped === null ? await archivedSize(id) : 0;
    for (const status of TASK_STATUSES) {
      const count = before[status] ?? 0;
      if (isTerminal(status)) {
        alreadyTerminal += count;
      } else if (count > 0) {
        metrics.tasksCancelled.inc(count);
        metrics.taskStatusTransitions.inc({ from_status: status, to_status: 'Canceled' }, count);
      }
    }
    return {
      batch_id: id,
      canceled_waiting: before.Waiting ?? 0,
      canceled_pending: before.Pending ?? 0,
      canceled_claimed: before.Claimed ?? 0,
      canceled_running: before.Running ?? 0,
      canceled_paused: before.Paused ?? 0,
      already_terminal: alreadyTerminal,
    };
  }

  /** @throws 404 when it is not in the archive either */
  async function archivedSize(id: string): Promise<number> {
    const size = await findArchivedBatchSize(database.db, id);
    if (size === null) throw notFound('Batch');
    return size;
  }
}

function readBatchKey(value: unknown): BatchKey | null {
  const key = value as Record<keyof BatchKey, unknown>;
  const createdAt = readTime(key.createdAt);
  const batchId = readUuid(key.batchId);
  return createdAt === null || batchId === null ? null : { createdAt, batchId };
}
