import { Type } from 'typebox';
import type { Static } from 'typebox';
import { FAILURE_REASON_MAX, METADATA_MAX_BYTES } from '../limits.ts';
import { REPORTED_STATUSES } from '../statuses.ts';
import { anyJson, count, oneOf, optional, priority } from './building-blocks.ts';

export const UpdateTaskDto = Type.Object(
  {
    status: optional(oneOf(REPORTED_STATUSES), { description: 'The end of the task' }),
    failure_reason: optional(Type.String({ minLength: 1 }), {
      description: `Required when status is Failure; cut after ${FAILURE_REASON_MAX} characters`,
    }),
    retryable: optional(Type.Boolean(), {
      default: true,
      description: 'With Failure: false ends the task, whatever its retry policy says',
    }),
    new_success: optional(count, { description: 'Added to success' }),
    new_failures: optional(count, { description: 'Added to failures' }),
    metadata: Type.Optional(
      anyJson(`Replaces the metadata; any JSON, at most ${METADATA_MAX_BYTES} bytes when written compactly`),
    ),
    expected_count: optional(count),
    priority: optional(priority),
  },
  { description: 'The end of a task, or changes to one that has not ended' },
);
export type UpdateTaskDto = Static<typeof UpdateTaskDto>;

export const UpdateCountersDto = Type.Object(
  { new_success: optional(count), new_failures: optional(count) },
  { description: 'What is added to the counters; not both zero' },
);
export type UpdateCountersDto = Static<typeof UpdateCountersDto>;
