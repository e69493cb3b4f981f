import { Type } from 'typebox';
import type { Static } from 'typebox';
import {
  KIND_MAX_LENGTH,
  MATCHERS_MAX,
  METADATA_MAX_BYTES,
  NAME_MAX_LENGTH,
  RULES_MAX,
  TIMEOUT_DEFAULT_SECS,
  TIMEOUT_MAX_SECS,
} from '../limits.ts';
import { NewActionDto } from './action.ts';
import { anyJson, count, NOT_BLANK, optional, priority, text } from './building-blocks.ts';
import { NewRetryDto } from './retry.ts';
import { Matcher, NewRuleDto } from './rules.ts';

export const Dependency = Type.Object(
  {
    id: Type.String({ description: 'The local id of another task of the same request' }),
    requires_success: Type.Boolean({ description: 'Whether this task fails when that one does not succeed' }),
  },
  { description: 'A parent of a task' },
);
export type Dependency = Static<typeof Dependency>;

export const NewTaskDto = Type.Object({
  id: Type.String({ minLength: 1, pattern: NOT_BLANK, description: 'Local name, unique in the request' }),
  name: text(NAME_MAX_LENGTH, 'What people call it'),
  kind: text(KIND_MAX_LENGTH, 'What rules, filters and metrics group by'),
  on_start: NewActionDto,
  timeout: optional(Type.Integer({ minimum: 1, maximum: TIMEOUT_MAX_SECS }), {
    default: TIMEOUT_DEFAULT_SECS,
    description: 'Seconds without a sign of life after which a Running task fails',
  }),
  metadata: Type.Optional(anyJson(`Any JSON, at most ${METADATA_MAX_BYTES} bytes when written compactly`)),
  dependencies: optional(Type.Array(Dependency)),
  rules: optional(Type.Array(NewRuleDto, { maxItems: RULES_MAX })),
  dedupe_strategy: optional(Type.Array(Matcher, { maxItems: MATCHERS_MAX })),
  expected_count: optional(count, { description: 'How much work the task will report in its counters' }),
  on_success: optional(Type.Array(NewActionDto)),
  on_failure: optional(Type.Array(NewActionDto)),
  priority: optional(priority, { default: 0, description: 'Higher first' }),
  dead_end_barrier: optional(Type.Boolean(), {
    default: false,
    description: 'Stops the climb of dead-end cancellation at this task',
  }),
  retry: optional(NewRetryDto),
});
export type NewTaskDto = Static<typeof NewTaskDto>;
