import { Type } from 'typebox';
import { BatchStatsDto, BatchSummaryDto, StopBatchResponseDto } from '../schemas/batch.ts';
import { DagDto } from '../schemas/dag.ts';
import { UpdateBatchRulesDto, UpdateBatchRulesResponseDto } from '../schemas/rules.ts';
import { NewRerunDto, RerunPlanDto } from '../schemas/rerun.ts';
import { BasicTaskDto, StatusKind } from '../schemas/task.ts';
import { EVENTS_EXAMPLES, RERUN_PLAN_EXAMPLES } from './answer-examples.ts';
import { NEW_RERUN_EXAMPLES, UPDATE_BATCH_RULES_EXAMPLES } from './examples.ts';
import {
  BATCH_ID_HEADER,
  IDEMPOTENCY_KEY,
  idInPath,
  NEXT_PAGE_HEADERS,
  PAGE_PARAMETERS,
  query,
} from './operation.ts';
import type { Operation } from './operation.ts';

const batch = idInPath('id', 'The batch');

export const BATCH_OPERATIONS: { readonly [path: string]: { readonly [method: string]: Operation } } = {
  '/batch/{id}': {
    get: {
      id: 'getBatch',
      tag: 'batches',
      summary: 'Sums and counts of a batch',
      parameters: [batch],
      answers: { 200: { description: 'The sums', schema: BatchStatsDto } },
      errors: [404, 503],
    },
    delete: {
      id: 'stopBatch',
      tag: 'batches',
      summary: 'Stops a batch',
      parameters: [batch],
      answers: { 200: { description: 'What was canceled', schema: StopBatchResponseDto } },
      errors: [404, 503],
    },
  },
  '/batch/{id}/rules': {
    patch: {
      id: 'updateBatchRules',
      tag: 'batches',
      summary: 'Replaces the rules of all unfinished tasks of one kind',
      parameters: [batch],
      body: { schema: UpdateBatchRulesDto, examples: UPDATE_BATCH_RULES_EXAMPLES },
      answers: { 200: { description: 'How many tasks have them now', schema: UpdateBatchRulesResponseDto } },
      errors: [400, 404, 413, 503],
    },
  },
  '/batch/{id}/rerun': {
    post: {
      id: 'rerunBatch',
      tag: 'batches',
      summary: 'Runs the tasks of a finished batch again, in a new one',
      parameters: [batch, IDEMPOTENCY_KEY],
      body: { schema: NewRerunDto, examples: NEW_RERUN_EXAMPLES },
      answers: {
        200: {
          description: 'With `dry_run`: what would run',
          schema: RerunPlanDto,
          examples: RERUN_PLAN_EXAMPLES,
        },
        201: {
          description: 'The new tasks, in the order of the request',
          schema: Type.Array(BasicTaskDto),
          headers: BATCH_ID_HEADER,
        },
        204: { description: 'Nothing is left to run: all have succeeded' },
      },
      errors: [400, 404, 409, 413, 422, 503],
    },
  },
  '/batch/{id}/events': {
    get: {
      id: 'followBatch',
      tag: 'batches',
      summary: 'Server-Sent Events: a snapshot, the changes, and the end',
      parameters: [batch],
      answers: {
        200: {
          description:
            '`snapshot` ({batch, tasks}: all), then `tasks` ({batch, tasks}: those that changed, as they are now), `end` ({batch})',
          schema: Type.Unknown(),
          contentType: 'text/event-stream',
          examples: EVENTS_EXAMPLES,
        },
        204: { description: 'With `Last-Event-ID: end`: there is nothing after the end' },
      },
      errors: [404, 503],
    },
  },
  '/batches': {
    get: {
      id: 'listBatches',
      tag: 'batches',
      summary: 'Lists batches, newest first',
      parameters: [
        ...PAGE_PARAMETERS,
        query('kind', 'A part of the kind of one of its tasks, case-sensitive'),
        query('name', 'A part of the name of one of its tasks, case-sensitive'),
        query('status', 'The status of one of its tasks, case-sensitive', StatusKind),
        query('created_after', 'Inclusive', Type.String({ format: 'date-time' })),
        query('created_before', 'Exclusive', Type.String({ format: 'date-time' })),
        query('scope', 'Exactly this scope'),
        query('metadata', "JSON that the batch's metadata contains"),
        query('search', 'A part of the scope or the metadata'),
      ],
      answers: {
        200: { description: 'A page', schema: Type.Array(BatchSummaryDto), headers: NEXT_PAGE_HEADERS },
      },
      errors: [400, 503],
    },
  },
  '/dag/{batch_id}': {
    get: {
      id: 'getDag',
      tag: 'batches',
      summary: 'The tasks of a batch and the links between them',
      parameters: [idInPath('batch_id', 'The batch')],
      answers: { 200: { description: 'The graph; empty when the batch is unknown', schema: DagDto } },
      errors: [404, 503],
    },
  },
};
