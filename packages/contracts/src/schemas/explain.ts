import { Type } from 'typebox';
import type { Static } from 'typebox';
import { nullable, oneOf, timestamp, uuid } from './building-blocks.ts';
import { RuleDto } from './rules.ts';
import { StatusKind } from './task.ts';

const namedTask = {
  id: uuid('The task'),
  name: Type.String(),
  kind: Type.String(),
  status: StatusKind,
};

/** What a task may wait for, told apart by `type`. */
const alternatives = [
  Type.Object(
    { type: oneOf(['parent']), ...namedTask, requires_success: Type.Boolean() },
    { description: 'A parent that has not ended; the first 10 in the order of the request' },
  ),
  Type.Object(
    {
      type: oneOf(['rule']),
      rule: RuleDto,
      occupancy: Type.Integer({ description: 'What is counted now, without the task itself' }),
      limit: Type.Integer({ description: 'max_concurency or max_capacity' }),
      holders: Type.Array(Type.Object(namedTask), {
        maxItems: 10,
        description:
          'Up to 10 of the tasks that are counted; among very many running tasks, those that were found',
      }),
      position: nullable(
        Type.Integer({
          minimum: 1,
          description: 'In the queue of what the rule counts; null when it is in none',
        }),
      ),
      position_is_minimum: Type.Optional(oneOfTrue('There are more tasks before it than were counted')),
      occupancy_is_minimum: Type.Optional(
        oneOfTrue(
          'Tasks that were there before the rule are still being counted; it lets nothing start until then',
        ),
      ),
    },
    { description: 'A rule that allows no further start now' },
  ),
  Type.Object({ type: oneOf(['paused']) }, { description: 'It is paused' }),
  Type.Object(
    {
      type: oneOf(['metadata']),
      field: Type.String({ description: 'The name in the metadata, or "expected_count"' }),
      rule: RuleDto,
    },
    { description: 'A rule needs what the task lacks' },
  ),
  Type.Object(
    {
      type: oneOf(['origin']),
      origin: Type.String({ description: 'Scheme, host and port of the receiver' }),
      reason: oneOf(['breaker', 'full']),
      probe_at: Type.Optional(timestamp('When one call may try again, while the breaker is open')),
    },
    { description: 'The receiver does not answer, or each worker has as many calls open to it as it may' },
  ),
  Type.Object(
    {
      type: oneOf(['retry']),
      attempt: Type.Integer({ minimum: 2, description: 'The one that comes' }),
      max_attempts: Type.Integer({ minimum: 2 }),
      next_attempt_at: timestamp('When it may start'),
      failure_reason: Type.String({ description: 'Of the attempt before' }),
    },
    { description: 'Its attempt failed, and the next one is not due yet' },
  ),
  Type.Object({ type: oneOf(['worker']) }, { description: 'No worker is alive' }),
] as const;

function oneOfTrue(description: string) {
  return Type.Unsafe<true>({ type: 'boolean', enum: [true], description });
}

export const ExplainDto = Type.Object(
  {
    status: StatusKind,
    open_parents: Type.Integer({ minimum: 0, description: 'How many parents have not ended' }),
    waiting_for: Type.Array(
      Type.Unsafe<Static<(typeof alternatives)[number]>>({
        type: 'object',
        required: ['type'],
        oneOf: alternatives,
      }),
      { description: 'Empty when nothing holds it back, it has started, or it has ended' },
    ),
    frees: Type.String({ description: 'One sentence: what will let it go on, or what it is doing' }),
  },
  { description: 'Why a task has not started, or what it is doing' },
);
export type ExplainDto = Static<typeof ExplainDto>;
