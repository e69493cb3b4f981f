import { Type } from 'typebox';
import type { Static } from 'typebox';
import { anyJson, nullable, timestamp, uuid } from './building-blocks.ts';

const tasks = Type.Integer({ minimum: 0 });
const rerun_of = nullable(uuid('The batch whose tasks run again in it'));

export const BatchStatusCounts = Type.Object(
  {
    waiting: tasks,
    pending: tasks,
    claimed: tasks,
    running: tasks,
    success: tasks,
    failure: tasks,
    paused: tasks,
    canceled: tasks,
  },
  { description: 'How many tasks of the batch are in each status' },
);
export type BatchStatusCounts = Static<typeof BatchStatusCounts>;

export const BatchStatsDto = Type.Object({
  batch_id: uuid('The batch'),
  total_tasks: tasks,
  total_success: Type.Integer({ minimum: 0, format: 'int64' }),
  total_failures: Type.Integer({ minimum: 0, format: 'int64' }),
  total_expected: nullable(
    Type.Integer({ minimum: 0, format: 'int64', description: 'null when a task has no expected_count' }),
  ),
  status_counts: BatchStatusCounts,
  rerun_of,
  reruns: Type.Array(uuid('A batch'), {
    description: 'Batches in which its tasks ran again: the latest 20, newest first',
  }),
});
export type BatchStatsDto = Static<typeof BatchStatsDto>;

export const BatchSummaryDto = Type.Object({
  batch_id: uuid('The batch'),
  total_tasks: tasks,
  first_created_at: timestamp('When its first task was created'),
  latest_updated_at: timestamp('The last change of one of its tasks; may lag by a second'),
  status_counts: BatchStatusCounts,
  kinds: Type.Array(Type.String()),
  remaining: nullable(
    Type.Integer({ minimum: 0, description: 'Unfinished tasks of a batch posted as an object, else null' }),
  ),
  scope: nullable(Type.String()),
  metadata: anyJson('As it was given; {} when none was'),
  rerun_of,
});
export type BatchSummaryDto = Static<typeof BatchSummaryDto>;

export const StopBatchResponseDto = Type.Object({
  batch_id: uuid('The batch'),
  canceled_waiting: tasks,
  canceled_pending: tasks,
  canceled_claimed: tasks,
  canceled_running: tasks,
  canceled_paused: tasks,
  already_terminal: tasks,
});
export type StopBatchResponseDto = Static<typeof StopBatchResponseDto>;
