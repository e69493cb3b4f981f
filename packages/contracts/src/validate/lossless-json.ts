import { isUtf8 } from 'node:buffer';
import { fieldPath } from './field-path.ts';

/** A number that a double cannot hold, or writes differently, kept as its source text. */
// An interface, unlike a type alias, is not taken for a JSON object by the type checker.
export interface RawNumber {
  readonly rawJSON: string;
}

export type JsonObject = { [key: string]: Json };
export type Json = null | boolean | number | string | RawNumber | Json[] | JsonObject;

/** Whether the value is a JSON object (no array, null or raw number). */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

export type ParsedJson =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly message: string; readonly details?: string[] };

declare global {
  /** ECMAScript's raw JSON, which TypeScript's library does not describe yet. */
  interface JSON {
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): value is RawNumber;
  }
}

/** Says that some number may not survive a double; strings that look alike only cost the slower parse. */
const NEEDS_SOURCE_TEXT = /(?:^|[\s:,[])(?:-?(?:\d{16}|\d+[.eE])|-0)/;

/** Longer numbers are refused: the database would spell some of them out in tens of thousands of digits. */
const NUMBER_MAX_LENGTH = 1_000;

/** Fields whose value is the user's own JSON, where numbers keep their source text. */
const VERBATIM_FIELDS = new Set(['metadata', 'body']);

export const isRawNumber = (value: unknown): value is RawNumber => JSON.isRawJSON(value);

/** Whether neither a double nor the database can hold the number written so (1e400, 1e-400). */
function isUnstorableNumber(source: string): boolean {
  if (source.length > NUMBER_MAX_LENGTH) return true;
  const value = Number(source);
  return !Number.isFinite(value) || (value === 0 && /[1-9]/.test(source.replace(/[eE].*$/, '')));
}

/** Finds the first number that cannot be held; a walk without recursion. */
function findUnstorableNumber(root: Json): string {
  const open: [string, Json][] = [['', root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, value] = next;
    if (isRawNumber(value)) {
      if (isUnstorableNumber(value.rawJSON)) return path === '' ? 'body' : path;
    } else if (Array.isArray(value)) {
      for (let i = value.length - 1; i >= 0; i--) open.push([fieldPath(path, i), value[i]!]);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value).reverse()) open.push([fieldPath(path, key), item]);
    }
  }
  return 'body';
}

/** Turns raw numbers into numbers everywhere but inside the user's own JSON; a walk without recursion. */
function unwrapNumbers(root: Json): Json {
  const open: (Json[] | JsonObject)[] = [];
  const unwrap = (value: Json): Json => {
    if (isRawNumber(value)) return Number(value.rawJSON);
    if (typeof value === 'object' && value !== null) open.push(value);
    return value;
  };
  const result = unwrap(root);
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    if (Array.isArray(holder)) {
      for (const [i, item] of holder.entries()) holder[i] = unwrap(item);
    } else {
      for (const [key, item] of Object.entries(holder)) {
        // An own `__proto__` is assigned like any other own property.
        if (!VERBATIM_FIELDS.has(key)) holder[key] = unwrap(item);
      }
    }
  }
  return result;
}

function parseWithSource(text: string, isVerbatim: boolean): ParsedJson {
  let sawRaw = false;
  let sawUnstorable = false;
  const value: Json = JSON.parse(text, (_key: string, item: Json, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof item !== 'number' || source === undefined || String(item) === source) return item;
    sawRaw = true;
    if (isUnstorableNumber(source)) sawUnstorable = true;
    return JSON.rawJSON(source);
  });
  if (sawUnstorable) {
    const detail = `${findUnstorableNumber(value)}: the number cannot be represented`;
    return { ok: false, message: detail, details: [detail] };
  }
  return { ok: true, value: sawRaw && !isVerbatim ? unwrapNumbers(value) : value };
}

/**
 * Parses JSON text without losing a digit: inside `metadata` and `body` a number that a double would change is a
 * {@link RawNumber}, which {@link stringifyJson} writes verbatim; everywhere else it is the plain number.
 */
export function parseJsonText(text: string): ParsedJson {
  return parse(text, false);
}

/** The same for text that is the user's own JSON as a whole. */
export function parseUserJson(text: string): ParsedJson {
  return parse(text, true);
}

function parse(text: string, isVerbatim: boolean): ParsedJson {
  try {
    if (NEEDS_SOURCE_TEXT.test(text)) return parseWithSource(text, isVerbatim);
    const value: Json = JSON.parse(text);
    return { ok: true, value };
  } catch (error) {
    // The reviver recurses inside the engine, so very deep text ends in a RangeError there.
    if (error instanceof RangeError) return { ok: false, message: 'JSON is nested too deeply' };
    if (error instanceof SyntaxError) return { ok: false, message: `malformed JSON: ${error.message}` };
    throw error;
  }
}

/** Parses a request body; see {@link parseJsonText}. Empty bodies and invalid UTF-8 are errors. */
export function parseJson(body: Buffer): ParsedJson {
  if (body.length === 0) return { ok: false, message: 'the body is empty' };
  if (!isUtf8(body)) return { ok: false, message: 'the body is not valid UTF-8' };
  return parseJsonText(body.toString('utf8'));
}

/** Compact JSON text, raw numbers verbatim. The value must not be nested more deeply than the stack allows. */
export function stringifyJson(value: Json): string {
  return JSON.stringify(value);
}

/**
 * Whether containers are nested more than `levels` deep. Recurses at most that deep itself, so hostile input
 * cannot overflow the stack.
 */
export function isDeeperThan(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null || isRawNumber(value)) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && isDeeperThan(item, levels - 1)) return true;
    return false;
  }
  for (const key in value) {
    const item = value[key]!;
    if (typeof item === 'object' && isDeeperThan(item, levels - 1)) return true;
  }
  return false;
}
