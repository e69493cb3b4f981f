import { ajv } from './ajv.ts';

const isUuid = ajv.compile<string>({ type: 'string', format: 'uuid' });
const isDateTime = ajv.compile<string>({ type: 'string', format: 'date-time' });

/** @returns the UUID in lower case, or null when the text is none. Any version is read. */
export function parseUuid(text: string): string | null {
  return isUuid(text) ? text.toLowerCase() : null;
}

/**
 * Checks an RFC 3339 time and writes it in one way, all digits of its fraction kept. The offset's `+` may come as
 * the space that an unescaped query makes of it.
 *
 * @returns null when the text is no such time
 */
export function parseTimestamp(text: string): string | null {
  const time = text.replace(/ (?=\d\d:\d\d$)/, '+').toUpperCase();
  // The format takes the year 0, which the database does not know.
  if (time.startsWith('0000') || !isDateTime(time)) return null;
  return `${time.slice(0, 10)}T${time.slice(11)}`;
}
