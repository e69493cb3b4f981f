import { Type } from 'typebox';
import type { Static } from 'typebox';
import { uuid } from './building-blocks.ts';
import { BasicTaskDto } from './task.ts';

export const LinkDto = Type.Object({
  parent_id: uuid('The task that comes first'),
  child_id: uuid('The task that waits for it'),
  requires_success: Type.Boolean(),
});
export type LinkDto = Static<typeof LinkDto>;

export const DagDto = Type.Object({ tasks: Type.Array(BasicTaskDto), links: Type.Array(LinkDto) });
export type DagDto = Static<typeof DagDto>;
