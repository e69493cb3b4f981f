import { Ajv2020, type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js';

interface OpenApiDocument {
  readonly paths: {
    readonly [path: string]: {
      readonly [method: string]: {
        readonly responses: {
          readonly [status: string]: {
            readonly content?: { readonly [type: string]: { readonly schema: object } };
          };
        };
      };
    };
  };
}

export interface GivenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Holds answers against the OpenAPI document: what is answered is what it says, no field more and none less. */
export class DocumentedAnswers {
  readonly #document: OpenApiDocument;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: object) {
    this.#document = document as OpenApiDocument;
    this.#ajv.addSchema(closed(document) as AnySchema, 'document');
  }

  /**
   * What is wrong with an answer; empty when it is as documented.
   *
   * @param operation such as `GET /task/{id}`
   */
  check(operation: string, { status, headers, text }: GivenAnswer): string[] {
    const [method = '', path = ''] = operation.split(' ');
    const documented = this.#document.paths[path]?.[method.toLowerCase()]?.responses[status];
    if (documented === undefined) return [`${status} is not documented: ${text.slice(0, 300)}`];
    const type = Object.keys(documented.content ?? {})[0];
    if (type === undefined) return text === '' ? [] : [`${status} has a body: ${text.slice(0, 300)}`];
    const given = headers.get('content-type') ?? 'none';
    if (!given.includes(type)) return [`${status} has the content type ${given} instead of ${type}`];
    if (type !== 'application/json') return [];
    const where = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      type,
      'schema',
    ];
    return this.#validate(where, JSON.parse(text)).map((problem) => `${status}${problem}`);
  }

  /** What is wrong with a value that a schema of the document describes, such as `TaskDto`. */
  checkSchema(name: string, value: unknown): string[] {
    return this.#validate(['components', 'schemas', name], value);
  }

  #validate(where: readonly string[], value: unknown): string[] {
    const pointer = where.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    let validate = this.#validators.get(pointer);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `document#${pointer}` });
      this.#validators.set(pointer, validate);
    }
    validate(value);
    return (validate.errors ?? []).map((error) => `${error.instancePath}: ${error.message}`);
  }
}

/** Objects with no members but those that are named. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const isNamed = typeof copy['properties'] === 'object' && Object.keys(copy['properties'] ?? {}).length > 0;
  const isClosed = isNamed && copy['type'] === 'object' && !('additionalProperties' in copy);
  return isClosed ? { ...copy, additionalProperties: false } : copy;
}
