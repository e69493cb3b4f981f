import { Type } from 'typebox';
import type { Static, TOptional, TSchema, TUnsafe } from 'typebox';
import { INT32_MAX, PRIORITY_MAX } from '../limits.ts';
import type { Json } from '../validate/lossless-json.ts';

/** One of a closed list of strings. */
export function oneOf<const V extends readonly string[]>(values: V): TUnsafe<V[number]> {
  return Type.Unsafe<V[number]>({ type: 'string', enum: [...values] });
}

/** The same schema that also takes null, said in `type` so that an error message does not become an `anyOf`. */
export function nullable<T extends TSchema>(schema: T): TUnsafe<Static<T> | null> {
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(schema));
  if (typeof copy['type'] === 'string') copy['type'] = [copy['type'], 'null'];
  if (Array.isArray(copy['enum'])) copy['enum'] = [...copy['enum'], null];
  return Type.Unsafe<Static<T> | null>(copy);
}

/** An input field that may be left out; an explicit null means the same. */
export function optional<T extends TSchema>(
  schema: T,
  notes: object = {},
): TOptional<TUnsafe<Static<T> | null>> {
  return Type.Optional(Type.Unsafe<Static<T> | null>({ ...nullable(schema), ...notes }));
}

/** Any JSON value, kept as it was given. */
export function anyJson(description: string): TUnsafe<Json> {
  return Type.Unsafe<Json>({ description });
}

export const NOT_BLANK = '\\S';

/** Text of bounded length (in characters) that is not blank. */
export function text(maxLength: number, description: string) {
  return Type.String({ minLength: 1, maxLength, pattern: NOT_BLANK, description });
}

export function timestamp(description: string) {
  return Type.String({ format: 'date-time', description });
}

export function uuid(description: string) {
  return Type.String({ format: 'uuid', description });
}

/** Fields that POST and PATCH share. */
export const priority = Type.Integer({ minimum: -PRIORITY_MAX, maximum: PRIORITY_MAX });
export const count = Type.Integer({ minimum: 0, maximum: INT32_MAX });
