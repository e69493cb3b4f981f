import type { ErrorObject, ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { ajv } from './ajv.ts';
import type { ErrorList } from './error-list.ts';
import { clip, fieldPath } from './field-path.ts';
import type { Json } from './lossless-json.ts';

type SchemaNode = { [key: string]: unknown };
type ObjectSchema = TSchema & {
  readonly properties: { readonly [name: string]: object };
  readonly required?: readonly string[] | undefined;
};

const INNER_KEYWORDS = new Set([
  'items',
  'properties',
  'required',
  'oneOf',
  'patternProperties',
  'additionalProperties',
  'discriminator',
]);

/** A property's schema without what lies inside: elements and members are checked one by one, by their own schema. */
function outerShell(schema: object): SchemaNode {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !INNER_KEYWORDS.has(keyword)));
}

/**
 * Compiles the outermost level of an object schema: its required fields and the type and bounds of each field, but
 * nothing inside of those. So one hostile array cannot produce more errors than are wanted.
 * `T` says what is known then: it leaves what lies inside open.
 */
export function compileShape<T>(schema: ObjectSchema): ValidateFunction<T> {
  const properties = Object.fromEntries(
    Object.entries(schema.properties).map(([name, property]) => [name, outerShell(property)]),
  );
  return ajv.compile<T>({ type: 'object', properties, required: schema.required ?? [] });
}

const TYPE_NAMES: Record<string, string> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'a boolean',
  array: 'an array',
  object: 'an object',
};

function characters(limit: unknown): string {
  return `${String(limit)} character${limit === 1 ? '' : 's'}`;
}

function messageOf({ keyword, params, message }: ErrorObject): string {
  const limit: unknown = params['limit'];
  switch (keyword) {
    case 'type': {
      const types: (string | string[])[] = [params['type']];
      const type = types.flat().find((name) => name !== 'null') ?? '';
      return `must be ${TYPE_NAMES[type] ?? type}`;
    }
    case 'enum': {
      const allowed: (string | null)[] = params['allowedValues'];
      return `must be one of ${allowed.filter((value) => value !== null).join(', ')}`;
    }
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${characters(limit)}`;
    case 'maxLength':
      return `must have at most ${characters(limit)}`;
    case 'minimum':
      return `must be at least ${String(limit)}`;
    case 'maximum':
      return `must be at most ${String(limit)}`;
    case 'minItems':
      return `must have at least ${String(limit)} ${limit === 1 ? 'entry' : 'entries'}`;
    case 'maxItems':
    case 'maxProperties':
      return `must have at most ${String(limit)} entries`;
    case 'format':
      return params['format'] === 'uuid' ? 'must be a UUID' : 'must be an RFC 3339 time';
    case 'pattern':
      return 'must not be blank';
    default:
      return message ?? `is invalid (${keyword})`;
  }
}

/** Adds what a validator of {@link compileShape} found to the list. */
function addShapeErrors(found: ValidateFunction['errors'], field: string, errors: ErrorList): void {
  const seen = new Set<string>();
  for (const error of found ?? []) {
    if (error.keyword === 'required') {
      errors.add(fieldPath(field, String(error.params['missingProperty'])), 'is required');
      continue;
    }
    const path = error.instancePath === '' ? field : fieldPath(field, unescapePointer(error.instancePath));
    // One message a field: an empty string is "blank" too, which would say the same twice.
    if (seen.has(path)) continue;
    seen.add(path);
    errors.add(path === '' ? 'body' : path, messageOf(error));
  }
}

function unescapePointer(pointer: string): string {
  return pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
}

/**
 * Checks one object against a compiled shape.
 *
 * @returns the object when it has the shape, else null, and the errors are listed
 */
export function checkShape<T>(
  validate: ValidateFunction<T>,
  value: Json,
  field: string,
  errors: ErrorList,
): T | null {
  if (validate(value)) return value;
  addShapeErrors(validate.errors, field, errors);
  return null;
}

/** Lists a text that the database cannot hold: one with NUL or a lone surrogate. */
export function checkStorable(text: string, field: string, errors: ErrorList): boolean {
  const fault = storageFault(text);
  if (fault === null) return true;
  errors.add(field, fault);
  return false;
}

/** Why the database could not hold the text, or null. */
export function storageFault(text: string): string | null {
  if (text.includes('\0')) return 'must not contain the character NUL';
  if (!text.isWellFormed()) return `must not contain a lone surrogate: ${JSON.stringify(clip(text))}`;
  return null;
}
