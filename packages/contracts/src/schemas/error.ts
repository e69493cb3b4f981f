import { Type } from 'typebox';
import type { Static } from 'typebox';
import { DETAILS_MAX } from '../limits.ts';
import { StatusKind } from './task.ts';

export const ErrorDto = Type.Object(
  {
    error: Type.String({ description: 'One sentence' }),
    status: Type.Integer({ description: 'The HTTP status code' }),
    code: Type.Optional(Type.String({ description: 'Stable, for programs' })),
    details: Type.Optional(
      Type.Array(Type.String({ description: '<field>: <message>' }), {
        maxItems: DETAILS_MAX,
        description: 'All errors of the request, the first 100',
      }),
    ),
    current_status: Type.Optional(StatusKind),
    current_attempt: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { description: 'The body of every answer of 400 and above' },
);
export type ErrorDto = Static<typeof ErrorDto>;
