import { Type } from 'typebox';
import type { Static } from 'typebox';
import { RERUN_CHOICES } from '../statuses.ts';
import { oneOf, optional, uuid } from './building-blocks.ts';

export const NewRerunDto = Type.Object(
  {
    only: optional(oneOf(RERUN_CHOICES), {
      default: 'unsuccessful',
      description: 'Which tasks: those that did not succeed, or all',
    }),
    dry_run: optional(Type.Boolean(), {
      default: false,
      description: 'Only tells what would run; nothing is created',
    }),
  },
  { description: 'Which tasks of a finished batch run again' },
);
export type NewRerunDto = Static<typeof NewRerunDto>;

export const RerunPlanDto = Type.Object(
  {
    tasks: Type.Array(
      Type.Object({
        id: uuid('The task that would run again'),
        name: Type.String(),
        kind: Type.String(),
        why: Type.String({ description: 'How it ended' }),
      }),
      { description: 'In the order of the request' },
    ),
    skipped: Type.Integer({
      minimum: 0,
      description: 'How many stay out; what depends on them need not wait',
    }),
  },
  { description: 'What a rerun would run' },
);
export type RerunPlanDto = Static<typeof RerunPlanDto>;
