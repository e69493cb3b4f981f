import { Type } from 'typebox';
import type { TSchema } from 'typebox';
import { ErrorDto } from '../schemas/error.ts';
import { toDocument } from './named-schemas.ts';

export type Tag = 'tasks' | 'batches' | 'deliveries' | 'service';

export type Parameter = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description: string;
  readonly schema: TSchema;
};

/** An answer by its status: a schema for JSON, or a description alone when there is no JSON body. */
type Answer = {
  readonly description: string;
  readonly schema?: TSchema;
  readonly contentType?: string;
  readonly examples?: object;
  readonly headers?: { readonly [name: string]: { readonly description: string; readonly schema: object } };
};

export type Operation = {
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: { readonly schema: TSchema; readonly examples: object };
  readonly answers: { readonly [status: number]: Answer };
  /** Codes answered with the common error body. */
  readonly errors: readonly number[];
  /** Whether it answers without the token. */
  readonly isOpen?: boolean;
};

const ERROR_DESCRIPTIONS: { readonly [status: number]: string } = {
  400: 'The request is not valid, or the state does not allow it',
  401: 'The token is missing or wrong',
  404: 'There is no such thing',
  409: 'The state does not allow it; current_status names that of a task',
  413: 'The body is too large',
  422: 'The Idempotency-Key was used with another body',
  500: 'Something went wrong on the side of the server',
  503: 'Postgres is away or busy, a list was not found in time, or too many large bodies came at once; Retry-After says when to try again. Without it nobody knows whether the call was carried out',
};

function contentOf({ schema, contentType = 'application/json', examples }: Answer): object {
  if (schema === undefined) return {};
  const media = { schema: toDocument(schema), ...(examples === undefined ? {} : { examples }) };
  return { content: { [contentType]: media } };
}

function toAnswer(answer: Answer): object {
  const { description, headers } = answer;
  return { description, ...contentOf(answer), ...(headers === undefined ? {} : { headers }) };
}

/** The operation as the OpenAPI document writes it. */
export function toOperation(operation: Operation): object {
  const { id, tag, summary, parameters = [], body, answers, errors, isOpen = false } = operation;
  const codes = [...errors, ...(isOpen ? [] : [401])].sort((a, b) => a - b);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(isOpen ? { security: [] } : {}),
    parameters: parameters.map((parameter) => ({ ...parameter, schema: toDocument(parameter.schema) })),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: toDocument(body.schema), examples: body.examples } },
          },
        }),
    responses: Object.fromEntries([
      ...Object.entries(answers).map(([status, answer]) => [status, toAnswer(answer)]),
      ...codes.map((code) => [
        String(code),
        toAnswer({ description: ERROR_DESCRIPTIONS[code] ?? 'Error', schema: ErrorDto }),
      ]),
    ]),
  };
}

/** The id in a path, read in any case. */
export function idInPath(name: 'id' | 'batch_id', description: string): Parameter {
  return { name, in: 'path', required: true, description, schema: Type.String({ format: 'uuid' }) };
}

export function query(name: string, description: string, schema: TSchema = Type.String()): Parameter {
  return { name, in: 'query', description, schema };
}

export const PAGE_PARAMETERS: readonly Parameter[] = [
  query('page', '0-based; below 0 is 0', Type.Integer({ default: 0 })),
  query('page_size', '0 or less is the default; more than the maximum is cut', Type.Integer({ default: 50 })),
  query('after', 'The cursor of the next page, from the Link header; at constant cost'),
];

export const NEXT_PAGE_HEADERS = {
  Link: {
    description: '`<…&after=…>; rel="next"` when there is a next page',
    schema: { type: 'string' },
  },
};

/** Makes a call that creates a batch repeatable. */
export const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Makes the call repeatable for 24 hours',
  schema: Type.String({ minLength: 1, maxLength: 255 }),
};

export const BATCH_ID_HEADER = {
  'X-Batch-ID': { description: 'The batch', schema: { type: 'string', format: 'uuid' } },
};
