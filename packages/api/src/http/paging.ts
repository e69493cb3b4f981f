import type { Request, Response } from 'express';
import { type Page as RequestedPage, parseTimestamp, parseUuid } from '@arcrun/contracts';
import type { Page } from '@arcrun/database';
import { invalid } from './errors.ts';

/** Offsets beyond this are the end of every list; nobody has to count up to them. */
const OFFSET_MAX = 1_000_000_000;

/** The page that a query asks for; null when it lies beyond the end of any list. */
export function toPage<Key>(
  requested: RequestedPage,
  readKey: (parts: unknown) => Key | null,
): Page<Key> | null {
  if (requested.after !== null) {
    return { size: requested.pageSize, offset: 0, after: readCursor(requested.after, readKey) };
  }
  if (requested.offset > OFFSET_MAX) return null;
  return { size: requested.pageSize, offset: Number(requested.offset), after: null };
}

/** Announces the next page by key: the same query behind the last row. */
export function linkNextPage(request: Request, response: Response, key: unknown): void {
  if (key === null) return;
  // What is behind the first question mark; there may be others in it.
  const query = new URLSearchParams(/\?.*$/s.exec(request.url)?.[0] ?? '');
  query.delete('page');
  query.set('after', Buffer.from(JSON.stringify(key)).toString('base64url'));
  // Relative, so that it holds behind a proxy that strips a path.
  response.setHeader('link', `<?${query.toString()}>; rel="next"`);
}

/** A part of a cursor; clients may send anything as one. */
export const readTime = (value: unknown): string | null =>
  typeof value === 'string' ? parseTimestamp(value) : null;

/** A part of a cursor; clients may send anything as one. */
export const readUuid = (value: unknown): string | null =>
  typeof value === 'string' ? parseUuid(value) : null;

function readCursor<Key>(text: string, readKey: (parts: unknown) => Key | null): Key {
  let key: Key | null = null;
  try {
    key = readKey(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    // Not a cursor of ours.
  }
  if (key === null) throw invalid(['after: must be a cursor that a page answered with']);
  return key;
}
