import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { enrichBody, idempotencyKey, type Report, TRIGGER_HEADERS } from './notifications.ts';

describe('the key of a call', () => {
  const subjectId = '0190c2a5-0000-7000-8000-000000000001';
  test.each([
    ['Start', null, 0, `${subjectId}:start`],
    ['End', 'Success', 0, `${subjectId}:end:success`],
    ['End', 'Failure', 0, `${subjectId}:end:failure`],
    ['Cancel', null, 0, `${subjectId}:cancel`],
    ['BatchComplete', null, 0, `batch:${subjectId}:complete`],
    ['End', 'Success', 1, `${subjectId}:end:success:1`],
    ['End', 'Failure', 2, `${subjectId}:end:failure:2`],
    ['BatchComplete', null, 19, `batch:${subjectId}:complete:19`],
  ] as const)('of %s %s at position %i is %s', (trigger, condition, position, key) => {
    expect(idempotencyKey({ trigger, condition, position, subjectId })).toBe(key);
  });

  // proves: webhooks/headers, webhooks/batch-headers
  test('the header of a trigger', () => {
    expect(TRIGGER_HEADERS).toEqual({
      Start: 'start',
      End: 'end',
      Cancel: 'cancel',
      BatchComplete: 'batch_complete',
    });
  });
});

const REPORT: Report = { status: 'Success', ended_at: '2026-01-02T03:04:05.000006Z', trigger: 'end' };
const ARCRUN = JSON.stringify(REPORT);

describe('the body of a notification', () => {
  // proves: webhooks/body-object, webhooks/body-none, webhooks/body-other, http/proto-is-data
  test.each([
    ['stands alone without one', null, `{"arcrun":${ARCRUN}}`],
    ['goes into an empty object', '{}', `{"arcrun":${ARCRUN}}`],
    ['goes into an empty object with spaces', ' { } ', `{"arcrun":${ARCRUN}}`],
    ['joins other members', '{"a": 1, "b" : [1, 2]}', `{"a":1,"b":[1, 2],"arcrun":${ARCRUN}}`],
    [
      'keeps digits',
      '{"a":12345678901234567890,"b":1.10,"c":1e-7}',
      `{"a":12345678901234567890,"b":1.10,"c":1e-7,"arcrun":${ARCRUN}}`,
    ],
    [
      'keeps nested members of its name',
      '{"a":{"arcrun":{"arcrun":1}}}',
      `{"a":{"arcrun":{"arcrun":1}},"arcrun":${ARCRUN}}`,
    ],
    ['replaces a key of its name', '{"arcrun":{"x":"}"},"a":1}', `{"a":1,"arcrun":${ARCRUN}}`],
    [
      'replaces a key of its name that is written with escapes',
      String.raw`{"\u0061rcrun":1,"a":1}`,
      `{"a":1,"arcrun":${ARCRUN}}`,
    ],
    ['takes the last of equal keys', '{"a":1,"a":2}', `{"a":2,"arcrun":${ARCRUN}}`],
    [
      'passes braces, quotes, colons and commas in strings',
      String.raw`{"a{,:\"}":"}{,:\"\\","b":["]","\\"]}`,
      String.raw`{"a{,:\"}":"}{,:\"\\","b":["]","\\"],"arcrun":${ARCRUN}}`,
    ],
    [
      'takes __proto__ as data',
      '{"__proto__":{"x":1},"constructor":2}',
      `{"__proto__":{"x":1},"constructor":2,"arcrun":${ARCRUN}}`,
    ],
    ['takes an empty key', '{"":""}', `{"":"","arcrun":${ARCRUN}}`],
    ['stands beside an array', '[{"a":1}]', `{"arcrun":${ARCRUN},"body":[{"a":1}]}`],
    ['stands beside a number', '12345678901234567890', `{"arcrun":${ARCRUN},"body":12345678901234567890}`],
    ['stands beside a string', '"{}"', `{"arcrun":${ARCRUN},"body":"{}"}`],
    ['stands beside null', 'null', `{"arcrun":${ARCRUN},"body":null}`],
    ['stands beside false', 'false', `{"arcrun":${ARCRUN},"body":false}`],
  ])('the report %s', (_, body, enriched) => {
    expect(enrichBody(body, REPORT)).toBe(enriched);
  });

  // proves: webhooks/body-object
  test('holds what any object held, and the report', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(undefined, 2),
        (body, indent) => {
          const text = JSON.stringify(body, null, indent);
          // Compared as it comes out of JSON, where -0 is 0.
          const { arcrun, ...rest } = JSON.parse(enrichBody(text, REPORT));
          const { arcrun: _, ...given } = JSON.parse(text);
          expect(rest).toEqual(given);
          expect(arcrun).toEqual(REPORT);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
