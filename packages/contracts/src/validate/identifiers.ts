import { ajv } from './ajv.ts';

const isUuid = ajv.compile<string>({ type: 'string', format: 'uuid' });
const isDateTime = ajv.compile<string>({ type: 'string', format: 'date-time' });

/** @returns the UUID in lower case, or null when the text is none. Any version is read. */
export function parseUuid(text: string): string | null {
  return isUuid(text) ? text.toLowerCase() : null;
}

/** With more digits of a second than the database reads. */
const TIME_MAX_LENGTH = 64;

/**
 * Checks an RFC 3339 time and writes it in one way, all digits of its fraction kept. The offset's `+` may come as
 * the space that an unescaped query makes of it.
 *
 * @returns null when the text is no such time
 */
export function parseTimestamp(text: string): string | null {
  if (text.length > TIME_MAX_LENGTH) return null;
  const time = text.replace(/ (?=\d\d:\d\d$)/, '+').toUpperCase();
  // The format takes the year 0, which the database does not know.
  if (time.startsWith('0000') || !isDateTime(time)) return null;
  return inKnownOffset(`${time.slice(0, 10)}T${time.slice(11)}`);
}

/** RFC 3339 has offsets up to 23:59, the database up to 15:59: others are written as UTC. */
function inKnownOffset(time: string): string | null {
  const [, seconds = '', fraction = '', offset = ''] = /^(.{19})(\.\d+)?(.+)$/.exec(time)!;
  if (!/^.(?:1[6-9]|2)/.test(offset)) return time;
  const date = new Date(`${seconds}${offset}`);
  // A leap second, which the format takes.
  if (Number.isNaN(date.getTime())) return null;
  const utc = date.toISOString().slice(0, 19);
  // The years before 1 and after 9999 are written in another way.
  return /^(?!0000)\d{4}-/.test(utc) ? `${utc}${fraction}Z` : null;
}
