import { Type } from 'typebox';
import { ExplainDto } from '../schemas/explain.ts';
import { NewBatchBody } from '../schemas/new-batch.ts';
import { BasicTaskDto, StatusKind, TaskDto, TaskStatusDto } from '../schemas/task.ts';
import { UpdateCountersDto, UpdateTaskDto } from '../schemas/update-task.ts';
import { EXPLAIN_EXAMPLES } from './answer-examples.ts';
import { NEW_BATCH_EXAMPLES, UPDATE_COUNTERS_EXAMPLES, UPDATE_TASK_EXAMPLES } from './examples.ts';
import {
  BATCH_ID_HEADER,
  IDEMPOTENCY_KEY,
  idInPath,
  NEXT_PAGE_HEADERS,
  PAGE_PARAMETERS,
  query,
} from './operation.ts';
import type { Operation } from './operation.ts';

const createTasks: Operation = {
  id: 'createTasks',
  tag: 'tasks',
  summary: 'Creates a batch, all or nothing',
  parameters: [IDEMPOTENCY_KEY],
  body: { schema: NewBatchBody, examples: NEW_BATCH_EXAMPLES },
  answers: {
    201: {
      description: 'The created tasks, in the order of the request',
      schema: Type.Array(BasicTaskDto),
      headers: BATCH_ID_HEADER,
    },
    204: {
      description: 'No task was created: there was none, or all are there already',
      headers: BATCH_ID_HEADER,
    },
  },
  errors: [400, 413, 422, 503],
};

const listTasks: Operation = {
  id: 'listTasks',
  tag: 'tasks',
  summary: 'Lists tasks, newest first',
  parameters: [
    ...PAGE_PARAMETERS,
    query('name', 'A part of the name, case-sensitive'),
    query('kind', 'A part of the kind, case-sensitive'),
    query('status', 'Case-sensitive', StatusKind),
    query('batch_id', 'The batch', Type.String({ format: 'uuid' })),
    query('timeout', 'Exactly this timeout, in seconds', Type.Integer()),
    query('metadata', 'JSON that the metadata contains'),
  ],
  answers: { 200: { description: 'A page', schema: Type.Array(BasicTaskDto), headers: NEXT_PAGE_HEADERS } },
  errors: [400, 503],
};

const task = idInPath('id', 'The task');
const attempt = query(
  'attempt',
  'Only of this attempt, as its handle says; of whichever is the current one when not given',
  Type.Integer({ minimum: 1 }),
);

const ofOneTask: { readonly [path: string]: { readonly [method: string]: Operation } } = {
  '/task/{id}': {
    get: {
      id: 'getTask',
      tag: 'tasks',
      summary: 'The whole task',
      parameters: [task],
      answers: { 200: { description: 'The task', schema: TaskDto } },
      errors: [404, 503],
    },
    patch: {
      id: 'updateTask',
      tag: 'tasks',
      summary: 'Reports the end of a task or of its attempt, or changes one that has not ended',
      parameters: [task, attempt],
      body: { schema: UpdateTaskDto, examples: UPDATE_TASK_EXAMPLES },
      answers: {
        200: {
          description:
            'Applied, or the task has that status already; Pending after a failure when it is tried again',
          schema: TaskStatusDto,
        },
      },
      errors: [400, 404, 409, 413, 503],
    },
    put: {
      id: 'addToCounters',
      tag: 'tasks',
      summary: 'Adds to the counters of a task; made for thousands of calls a second',
      parameters: [task, attempt],
      body: { schema: UpdateCountersDto, examples: UPDATE_COUNTERS_EXAMPLES },
      answers: {
        202: { description: 'Durable; dropped when the task or the attempt has ended, or is unknown' },
      },
      errors: [400, 404, 413, 503],
    },
    delete: {
      id: 'cancelTask',
      tag: 'tasks',
      summary: 'Cancels a task',
      parameters: [task],
      answers: { 200: { description: 'Canceled', schema: TaskStatusDto } },
      errors: [400, 404, 503],
    },
  },
  '/task/pause/{id}': {
    patch: {
      id: 'pauseTask',
      tag: 'tasks',
      summary: 'Pauses a Pending or Waiting task',
      parameters: [task],
      answers: { 200: { description: 'Paused', schema: TaskStatusDto } },
      errors: [400, 404, 503],
    },
  },
  '/task/resume/{id}': {
    patch: {
      id: 'resumeTask',
      tag: 'tasks',
      summary: 'Resumes a Paused task',
      parameters: [task],
      answers: { 200: { description: 'Waiting or Pending again', schema: TaskStatusDto } },
      errors: [400, 404, 503],
    },
  },
  '/task/{id}/explain': {
    get: {
      id: 'explainTask',
      tag: 'tasks',
      summary: 'Why a task has not started, or what it is doing',
      parameters: [task],
      answers: {
        200: { description: 'The explanation', schema: ExplainDto, examples: EXPLAIN_EXAMPLES },
      },
      errors: [404, 503],
    },
  },
};

export const TASK_OPERATIONS = { '/task': { post: createTasks, get: listTasks }, ...ofOneTask };
