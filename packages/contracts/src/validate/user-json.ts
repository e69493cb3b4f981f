import { JSON_MAX_DEPTH, METADATA_MAX_BYTES } from '../limits.ts';
import { storageFault } from './check-shape.ts';
import type { ErrorList } from './error-list.ts';
import { fieldPath } from './field-path.ts';
import { isDeeperThan, isRawNumber, stringifyJson } from './lossless-json.ts';
import type { Json } from './lossless-json.ts';

/** What compact JSON text looks like when a string in it has NUL or a lone surrogate; an escaped backslash too. */
const SUSPICIOUS_ESCAPE = /\\u0000|\\ud[89a-f]/;

/** Lists every text in the value, keys too, that the database cannot hold. The value is of bounded depth. */
function addStorageFaults(value: Json, field: string, errors: ErrorList): void {
  if (typeof value === 'string') {
    const fault = storageFault(value);
    if (fault !== null) errors.add(field, fault);
    return;
  }
  if (typeof value !== 'object' || value === null || isRawNumber(value) || errors.isFull) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) addStorageFaults(item, fieldPath(field, i), errors);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const fault = storageFault(key);
    if (fault !== null) errors.add(fieldPath(field, key), `the key ${fault}`);
    addStorageFaults(item, fieldPath(field, key), errors);
  }
}

/**
 * Checks the user's own JSON (metadata, a body): depth, and texts that the database cannot hold.
 *
 * @returns its compact text, or null when an error was listed
 */
export function checkUserJson(value: Json, field: string, errors: ErrorList): string | null {
  if (isDeeperThan(value, JSON_MAX_DEPTH)) {
    errors.add(field, `must not be nested more than ${JSON_MAX_DEPTH} levels deep`);
    return null;
  }
  const text = stringifyJson(value);
  if (!SUSPICIOUS_ESCAPE.test(text)) return text;
  const before = errors.details.length;
  addStorageFaults(value, field, errors);
  return errors.details.length === before ? text : null;
}

/** As {@link checkUserJson}, with the bound on the size of metadata; null too when none is given. */
export function checkMetadata(value: Json | undefined, field: string, errors: ErrorList): string | null {
  if (value === undefined || value === null) return null;
  const text = checkUserJson(value, field, errors);
  if (text === null) return null;
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 > METADATA_MAX_BYTES && Buffer.byteLength(text) > METADATA_MAX_BYTES) {
    errors.add(field, `must be at most ${METADATA_MAX_BYTES} bytes when written compactly`);
    return null;
  }
  return text;
}
