import { Type } from 'typebox';
import type { Static } from 'typebox';
import { METADATA_MAX_BYTES, SCOPE_MAX_LENGTH } from '../limits.ts';
import { NewActionDto } from './action.ts';
import { anyJson, optional } from './building-blocks.ts';
import { NewTaskDto } from './new-task.ts';

export const NewBatchDto = Type.Object(
  {
    tasks: Type.Array(NewTaskDto),
    on_batch_complete: optional(Type.Array(NewActionDto)),
    scope: optional(Type.String({ minLength: 1, maxLength: SCOPE_MAX_LENGTH })),
    metadata: Type.Optional(anyJson(`Any JSON, at most ${METADATA_MAX_BYTES} bytes when written compactly`)),
  },
  { description: 'Tasks together with what belongs to their batch' },
);
export type NewBatchDto = Static<typeof NewBatchDto>;

/** The body of `POST /task`: an array of tasks, or an object around it. */
export type NewBatchBody = NewTaskDto[] | NewBatchDto;
export const NewBatchBody = Type.Unsafe<NewBatchBody>({ oneOf: [Type.Array(NewTaskDto), NewBatchDto] });
