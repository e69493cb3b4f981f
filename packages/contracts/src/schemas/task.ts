import { Type } from 'typebox';
import type { Static } from 'typebox';
import { TASK_STATUSES } from '../statuses.ts';
import { ActionDto } from './action.ts';
import { anyJson, nullable, oneOf, timestamp, uuid } from './building-blocks.ts';
import { RetryDto } from './retry.ts';
import { RuleDto } from './rules.ts';

export const StatusKind = oneOf(TASK_STATUSES);
export type StatusKind = Static<typeof StatusKind>;

const basicTaskFields = {
  id: uuid('The task'),
  name: Type.String(),
  kind: Type.String(),
  status: StatusKind,
  created_at: timestamp('When it was created'),
  started_at: nullable(timestamp('When it entered Running')),
  success: Type.Integer({ minimum: 0 }),
  failures: Type.Integer({ minimum: 0 }),
  expected_count: nullable(Type.Integer({ minimum: 0 })),
  ended_at: nullable(timestamp('When it ended')),
  batch_id: uuid('The batch it was created in'),
  dead_end_barrier: Type.Boolean(),
  priority: Type.Integer(),
  attempt: Type.Integer({ minimum: 1, description: 'Which one it is in' }),
  max_attempts: Type.Integer({ minimum: 1 }),
  rerun_of: nullable(uuid('The task that runs again in it')),
};

export const BasicTaskDto = Type.Object(basicTaskFields, { description: 'A task as lists show it' });
export type BasicTaskDto = Static<typeof BasicTaskDto>;

/** What a call that changes a task answers. */
export const TaskStatusDto = Type.Object(
  { id: uuid('The task'), status: StatusKind },
  { description: 'The state of a task after the call' },
);

export const AttemptDto = Type.Object(
  {
    attempt: Type.Integer({ minimum: 1 }),
    started_at: nullable(timestamp('When it entered Running')),
    ended_at: timestamp('When it ended'),
    status: StatusKind,
    failure_reason: nullable(Type.String()),
    success: Type.Integer({ minimum: 0 }),
    failures: Type.Integer({ minimum: 0 }),
  },
  { description: 'An attempt that is over' },
);
export type AttemptDto = Static<typeof AttemptDto>;

export const TaskDto = Type.Object(
  {
    ...basicTaskFields,
    timeout: Type.Integer({ description: 'Seconds' }),
    rules: Type.Array(RuleDto),
    metadata: anyJson('As it was given; null when none was'),
    actions: Type.Array(ActionDto),
    last_updated: timestamp('The last sign of life'),
    failure_reason: nullable(Type.String({ description: 'In backoff that of the last attempt' })),
    retry: nullable(RetryDto),
    next_attempt_at: nullable(
      timestamp('It does not start before; null when it may, or does not start any more'),
    ),
    attempts: Type.Array(AttemptDto),
  },
  { description: 'The whole task' },
);
export type TaskDto = Static<typeof TaskDto>;
