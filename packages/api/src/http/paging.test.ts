import type { Request, Response } from 'express';
import { expect, test } from 'vitest';
import { ApiError } from './errors.ts';
import { linkNextPage, readTime, readUuid, toPage } from './paging.ts';

const requested = (rest: { after?: string; offset?: bigint }) => ({
  pageSize: 50,
  offset: rest.offset ?? 0n,
  after: rest.after ?? null,
});

const readKey = (parts: unknown): number | null => (typeof parts === 'number' ? parts : null);

/** The cursor that a list answers with. */
function cursorOf(key: unknown, url = '/task?name=a%20b&page=3&after=old'): URLSearchParams {
  let header = '';
  linkNextPage(
    { url } as Request,
    { setHeader: (_name: string, value: string) => (header = value) } as unknown as Response,
    key,
  );
  const match = /^<(\?.*)>; rel="next"$/.exec(header);
  expect(match).not.toBeNull();
  return new URLSearchParams(match![1]);
}

test('a page by number', () => {
  expect(toPage(requested({ offset: 100n }), readKey)).toEqual({ size: 50, offset: 100, after: null });
});

// proves: http/page-bounds
test('a page beyond every list is none', () => {
  expect(toPage(requested({ offset: 2n ** 63n - 1n }), readKey)).toBeNull();
});

test('a question mark in the query is part of it', () => {
  expect(cursorOf(7, '/task?name=a?b&page_size=10').get('name')).toBe('a?b');
});

// proves: http/page-links
test('the link keeps the query, without the page', () => {
  const query = cursorOf(7);
  expect(query.get('name')).toBe('a b');
  expect(query.has('page')).toBe(false);
  expect(query.getAll('after')).toHaveLength(1);
});

test('its cursor leads behind the row that it names', () => {
  const after = cursorOf(7).get('after')!;
  expect(toPage(requested({ after }), readKey)).toEqual({ size: 50, offset: 0, after: 7 });
});

test('no link without a next page', () => {
  linkNextPage({ url: '/task' } as Request, { setHeader: expect.unreachable } as unknown as Response, null);
});

test.each([
  '',
  'x',
  '%%%',
  Buffer.from('{"a":').toString('base64url'),
  Buffer.from('"7"').toString('base64url'),
])('what is no cursor is the client’s error: %s', (after) => {
  expect(() => toPage(requested({ after }), readKey)).toThrow(ApiError);
  try {
    toPage(requested({ after }), readKey);
  } catch (error) {
    expect(error).toMatchObject({ status: 400, fields: { details: [expect.stringMatching(/^after: /)] } });
  }
});

test('parts of a cursor are checked', () => {
  expect(readTime('2026-01-02T03:04:05.678901Z')).not.toBeNull();
  expect([readTime('yesterday'), readTime(5), readTime(null)]).toEqual([null, null, null]);
  expect(readUuid('01890a5d-ac96-774b-bcce-b302099a8057')).not.toBeNull();
  expect([readUuid('x'), readUuid(5), readUuid(undefined)]).toEqual([null, null, null]);
});
