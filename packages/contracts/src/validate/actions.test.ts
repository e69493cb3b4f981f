import { describe, expect, test } from 'vitest';
import { DEFAULT_BATCH_LIMITS } from '../limits.ts';
import { parseAction } from './actions.ts';
import type { Json, JsonObject } from './lossless-json.ts';
import { call, details, task } from './sample-requests.ts';

// proves: webhooks/bad-headers
describe('an action that HTTP or the database cannot carry', () => {
  const at = 'tasks[0].on_start.params';
  const cases: [JsonObject, string[]][] = [
    [
      { url: 5, verb: 'POST' },
      [`${at}.url: must be a string`, `${at}.verb: must be one of Get, Post, Put, Patch, Delete`],
    ],
    [{ url: '' }, [`${at}.url: must not be empty`]],
    [{ url: 'http://169.254.169.254/' }, [`${at}.url: the address 169.254.169.254 is not a public one`]],
    [{ url: `https://example.com/${'a'.repeat(8192)}` }, [`${at}.url: must be at most 8192 bytes long`]],
    [{ headers: [] }, [`${at}.headers: must be an object`]],
    [
      { headers: { 'a b': 'x', '': 'x' } },
      [
        `${at}.headers["a b"]: the name is not one that HTTP can carry`,
        `${at}.headers[""]: the name is not one that HTTP can carry`,
      ],
    ],
    [
      { headers: { 'X-A': 'a\r\nb', 'X-B': '\0', 'X-C': '€', 'X-D': 1, 'X-E': null } },
      [
        `${at}.headers.X-A: the value is not one that HTTP can carry`,
        `${at}.headers.X-B: must not contain the character NUL`,
        `${at}.headers.X-C: the value is not one that HTTP can carry`,
        `${at}.headers.X-D: must be a string`,
        `${at}.headers.X-E: must be a string`,
      ],
    ],
    ...['Content-Length', 'transfer-encoding', 'CONNECTION', 'Upgrade', 'Expect', 'Trailer'].map(
      (name): [JsonObject, string[]] => [
        { headers: { [name]: 'x' } },
        [`${at}.headers.${name}: this header is set by ArcRun alone`],
      ],
    ),
    [
      { headers: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`X-${i}`, '1'])) },
      [`${at}.headers: must have at most 50 entries`],
    ],
    [{ body: 'x'.repeat(262_144) }, [`${at}: must be at most 262144 bytes in all`]],
    [
      { body: { a: [{ 'k\0': 1 }, '\ud800'] } },
      [
        `${at}.body.a[0]["k\\u0000"]: the key must not contain the character NUL`,
        `${at}.body.a[1]: must not contain a lone surrogate: "\\ud800"`,
      ],
    ],
  ];

  // proves: http/action-shape, http/action-limits, http/action-size, http/not-storable
  test.each(cases)('%#', (params, expected) => {
    expect(details([task({ on_start: call(params) })])).toEqual(expected);
  });

  // proves: webhooks/user-headers
  test('what HTTP can carry passes', () => {
    const headers = {
      'X-Ok': 'tab\tand é',
      Host: 'other.example',
      Authorization: 'Bearer x',
      __proto__x: '',
    };
    expect(details([task({ on_start: call({ headers, body: '\\u0000 spelled out' }) })])).toEqual([]);
  });

  test('the same faulty action is named in every place', () => {
    const bad = call({ verb: 'Head' });
    expect(details([task({ on_start: bad, on_success: [bad] }), task({ id: 'b', on_start: bad })])).toEqual(
      [`${at}.verb`, 'tasks[0].on_success[0].params.verb', 'tasks[1].on_start.params.verb'].map(
        (field) => `${field}: must be one of Get, Post, Put, Patch, Delete`,
      ),
    );
  });
});

describe('an action on its own', () => {
  test('is read like any other', () => {
    expect(parseAction(call({ body: [1] }), DEFAULT_BATCH_LIMITS)).toMatchObject({
      ok: true,
      action: { url: 'https://example.com/', verb: 'Post', body: '[1]' },
    });
  });

  test.each<[Json, string]>([
    [null, 'action: must be an object'],
    ['done', 'action: must be an object'],
    [{ ok: true }, 'action.kind: is required'],
    [call({ url: 'http://127.1/' }), 'action.params.url: the host 127.0.0.1 is blocked'],
  ])('%j is none', (value, detail) => {
    const result = parseAction(value, DEFAULT_BATCH_LIMITS);
    expect(result.ok ? [] : result.details).toContain(detail);
  });
});
