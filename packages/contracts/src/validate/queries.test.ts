import { describe, expect, test } from 'vitest';
import { DEFAULT_PAGE_LIMITS } from '../limits.ts';
import { parseTimestamp, parseUuid } from './identifiers.ts';
import { parseBatchesQuery, parseDeliveriesQuery, parseTaskQuery } from './queries.ts';
import type { QueryParameters } from './query-reader.ts';

const ID = '01990F6E-8A7B-7C3D-9E4F-0123456789AB';

describe('pages', () => {
  // proves: http/page-bounds, http/tasks-page-size
  test.each([
    [{}, 50, 0n],
    [{ page: '0', page_size: '0' }, 50, 0n],
    [{ page: '-3', page_size: '-1' }, 50, 0n],
    [{ page: '2', page_size: '10' }, 10, 20n],
    [{ page: '1', page_size: '101' }, 100, 100n],
    [{ page: '9223372036854775807', page_size: '9223372036854775807' }, 100, 9_223_372_036_854_775_807n],
    [{ page: '-9223372036854775808' }, 50, 0n],
  ])('%j', (parameters, pageSize, offset) => {
    expect(parseDeliveriesQuery(parameters, DEFAULT_PAGE_LIMITS)).toEqual({
      ok: true,
      query: { pageSize, offset, after: null, status: null, taskId: null, batchId: null },
    });
  });

  // proves: http/bad-query
  test.each(['', 'x', '1.5', '1e3', '9223372036854775808', '0x10', ' 1', '9'.repeat(10_000)])(
    'page %j is refused',
    (page) => {
      expect(parseDeliveriesQuery({ page }, DEFAULT_PAGE_LIMITS)).toEqual({
        ok: false,
        details: ['page: must be an integer'],
      });
    },
  );

  test('the cursor is passed through, and the settings hold', () => {
    const result = parseTaskQuery({ after: 'opaque=' }, { paginationDefault: 7, paginationMax: 5 });
    expect(result).toMatchObject({ ok: true, query: { after: 'opaque=', pageSize: 5 } });
  });
});

describe('filters of tasks', () => {
  test('all of them', () => {
    const parameters = {
      name: '100%_\\',
      kind: '',
      status: 'Running',
      batch_id: ID,
      timeout: '60',
      metadata: '{"n": 12345678901234567890}',
      unknown: ['x', 'y'],
    };
    expect(parseTaskQuery(parameters, DEFAULT_PAGE_LIMITS)).toEqual({
      ok: true,
      query: {
        pageSize: 50,
        offset: 0n,
        after: null,
        name: '100%_\\',
        kind: '',
        status: 'Running',
        batchId: ID.toLowerCase(),
        timeoutSecs: 60,
        metadata: '{"n":12345678901234567890}',
      },
    });
  });

  // proves: http/bad-query, http/all-errors, http/tasks-filter-metadata-400
  test('all errors at once', () => {
    const parameters = {
      page: ['1', '2'],
      name: 'a\0',
      kind: { x: '1' },
      status: 'running',
      batch_id: `${ID}0`,
      timeout: '1e2',
      metadata: '{"a"',
      after: ['x'],
    };
    const result = parseTaskQuery(parameters, DEFAULT_PAGE_LIMITS);
    expect(result.ok ? [] : result.details).toEqual([
      'page: must be given only once',
      'after: must be given only once',
      'name: must not contain the character NUL',
      'kind: must be given only once',
      'status: must be one of Waiting, Pending, Claimed, Running, Success, Failure, Paused, Canceled',
      'batch_id: must be a UUID',
      'timeout: must be an integer of 32 bits',
      expect.stringMatching(/^metadata: malformed JSON: /),
    ]);
  });

  test.each([
    ['{"a":"\\u0000","a":1}', '{"a":1}'],
    ['{"a":"\\ud800","a":[-0, 1.50]}', '{"a":[-0,1.50]}'],
    ['{"a":1e1000,"a":{}}', '{"a":{}}'],
  ])('of equal keys in the metadata %j the last one counts', (metadata, read) => {
    const parsed = parseTaskQuery({ metadata }, DEFAULT_PAGE_LIMITS);
    expect(parsed.ok ? parsed.query.metadata : null).toBe(read);
  });

  test.each(['', '{"a":1e400}', '"\\u0000"', '{"\\ud800":1}', '['.repeat(300) + ']'.repeat(300)])(
    'metadata %j is refused',
    (metadata) => {
      expect(parseTaskQuery({ metadata }, DEFAULT_PAGE_LIMITS)).toMatchObject({ ok: false });
    },
  );

  test('names that objects inherit are no parameters', () => {
    const inherited: QueryParameters = Object.create({ status: 'x' });
    expect(parseTaskQuery(inherited, DEFAULT_PAGE_LIMITS)).toMatchObject({ ok: true });
  });
});

describe('filters of batches', () => {
  test('all of them', () => {
    const parameters = {
      kind: 'k',
      name: 'n',
      status: 'Paused',
      created_after: '2026-02-28T23:59:59.123456789Z',
      created_before: '2026-03-01t00:00:00 02:00',
      scope: 's',
      metadata: '[]',
      search: '%',
    };
    expect(parseBatchesQuery(parameters, DEFAULT_PAGE_LIMITS)).toEqual({
      ok: true,
      query: {
        pageSize: 50,
        offset: 0n,
        after: null,
        kind: 'k',
        name: 'n',
        status: 'Paused',
        createdAfter: '2026-02-28T23:59:59.123456789Z',
        createdBefore: '2026-03-01T00:00:00+02:00',
        scope: 's',
        metadata: '[]',
        search: '%',
      },
    });
  });

  test('a date that is none', () => {
    expect(
      parseBatchesQuery({ created_after: 'yesterday', status: 'paused' }, DEFAULT_PAGE_LIMITS),
    ).toMatchObject({
      ok: false,
      details: [expect.stringMatching(/^status/), 'created_after: must be an RFC 3339 time'],
    });
  });
});

// proves: http/ledger-filter
test('the status of deliveries may be in any case', () => {
  expect(parseDeliveriesQuery({ status: 'eXHAUSTED' }, DEFAULT_PAGE_LIMITS)).toMatchObject({
    query: { status: 'Exhausted' },
  });
  expect(parseDeliveriesQuery({ status: 'Failure' }, DEFAULT_PAGE_LIMITS)).toMatchObject({
    query: { status: 'Failure' },
  });
  expect(parseDeliveriesQuery({ status: 'Paused' }, DEFAULT_PAGE_LIMITS)).toMatchObject({ ok: false });
});

test.each([
  '2026-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:60:00Z',
  '2026-01-01T00:00:60Z',
  '2026-01-01T00:00:00',
  '2026-01-01T00:00:00+24:00',
  '2026-01-01T00:00:00.Z',
  '2026-01-01',
  '2026-1-1T00:00:00Z',
  '0001-01-01T00:00:00+20:00',
  '9999-12-31T23:59:59-20:00',
  // A leap second in an offset that has to be reckoned with.
  '2026-01-01T06:59:60-17:00',
  `2026-01-01T00:00:00.${'0'.repeat(150)}Z`,
  '',
])('%j is no time', (text) => expect(parseTimestamp(text)).toBeNull());

test.each([
  ['4686-04-02T11:41:39.489248-17:08', '4686-04-03T04:49:39.489248Z'],
  ['2026-01-01T00:30:00+23:59', '2025-12-31T00:31:00Z'],
  ['2026-01-01T00:00:00+16:00', '2025-12-31T08:00:00Z'],
  ['2026-01-01T00:00:00-15:59', '2026-01-01T00:00:00-15:59'],
])('%s, whose offset the database may not know', (text, expected) => {
  expect(parseTimestamp(text)).toBe(expected);
});

test('a leap day is a time', () => {
  expect(parseTimestamp('2028-02-29 12:00:00.5z')).toBe('2028-02-29T12:00:00.5Z');
});

// proves: http/ids-any-case, http/bad-id
test('UUIDs are read in any case, and nothing else is', () => {
  expect(parseUuid(ID)).toBe(ID.toLowerCase());
  for (const text of ['', 'x', `{${ID}}`, ID.replaceAll('-', ''), `${ID}\n`])
    expect(parseUuid(text)).toBeNull();
});
