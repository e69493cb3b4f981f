const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @returns the UUID in lower case, or null when the text is none. Any version is read. */
export function parseUuid(text: string): string | null {
  const id = text.toLowerCase();
  return UUID.test(id) ? id : null;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+\- ](\d\d):(\d\d))$/;

/**
 * Checks an RFC 3339 time and writes it in one way, all digits of its fraction kept. The offset's `+` may come as
 * the space that an unescaped query makes of it.
 *
 * @returns null when the text is no such time
 */
export function parseTimestamp(text: string): string | null {
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const date = new Date(Date.UTC(year!, month! - 1, day));
  // Date.UTC takes the 30th of February for March: the parts must come back as they went in.
  const isDay = year! > 0 && date.getUTCMonth() === month! - 1 && date.getUTCDate() === day;
  const isTime = hour! < 24 && minute! < 60 && second! < 60;
  const isOffset = Number(match[9] ?? 0) < 24 && Number(match[10] ?? 0) < 60;
  if (!isDay || !isTime || !isOffset) return null;
  const offset = match[9] === undefined ? 'Z' : match[8]!.replace(' ', '+');
  return `${text.slice(0, 10)}T${text.slice(11, 19)}${match[7] ?? ''}${offset}`;
}
