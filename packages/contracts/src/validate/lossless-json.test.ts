import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDeeperThan, parseJson, parseJsonText, stringifyJson } from './lossless-json.ts';
import type { Json } from './lossless-json.ts';

function parsed(text: string): Json {
  const result = parseJson(Buffer.from(text));
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

// proves: http/digits, http/proto-is-data
describe('what is in metadata and body comes back digit for digit', () => {
  test.each([
    '9223372036854775807',
    '-9223372036854775808',
    '12345678901234567890123',
    '9007199254740993',
    '1.0',
    '1.50',
    '0.1',
    '-0',
    '1e2',
    '1E-7',
    '1.000000000000000000001',
    '1e308',
    '"1e400"',
    '"12345678901234567890"',
    '{"__proto__":{"polluted":12345678901234567890},"constructor":{"prototype":{"polluted":1.0}}}',
    '[{"a":[1.0,{"metadata":2.0}]}]',
    '{"big":12345678901234567890,"nested":[[9007199254740993]]}',
  ])('%s', (text) => {
    expect(stringifyJson(parsed(`{"metadata":${text}}`))).toBe(`{"metadata":${text}}`);
    expect(stringifyJson(parsed(`[{"body":${text}}]`))).toBe(`[{"body":${text}}]`);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('any JSON with big integers and odd keys', () => {
    const number = fc.oneof(
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
      fc.tuple(fc.nat(), fc.nat()).map(([whole, part]) => `${whole}.${part}0`),
    );
    const { json } = fc.letrec<{ json: string; list: string; object: string }>((tie) => ({
      json: fc.oneof(
        { depthSize: 'small' },
        number,
        fc.constantFrom('null', 'true', 'false'),
        fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('json'), { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
      object: fc
        .uniqueArray(
          fc.tuple(
            // Keys that look like integers would be sorted by the engine.
            fc.oneof(
              fc.constantFrom('__proto__', 'constructor', 'toString', 'rawJSON'),
              fc.string().map((key) => `k${key}`),
            ),
            tie('json'),
          ),
          { selector: ([key]) => key, maxLength: 5 },
        )
        .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`),
    }));
    fc.assert(
      fc.property(json, (text) => {
        const whole = `{"metadata":${text}}`;
        expect(stringifyJson(parsed(whole))).toBe(whole);
      }),
      { numRuns: 300 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
  });
});

test('elsewhere a number is the number, however it is written', () => {
  expect(parsed('{"timeout":60.0,"priority":1e0,"list":[5e1,{"x":-0}],"metadata":1.0}')).toEqual({
    timeout: 60,
    priority: 1,
    list: [50, { x: -0 }],
    metadata: { rawJSON: '1.0' },
  });
  expect(parsed('6.0e1')).toBe(60);
});

// proves: http/malformed-json
describe('what cannot be read is an error', () => {
  test.each([
    '',
    '{',
    '{"a":}',
    '[1,]',
    'nul',
    '{"a":01}',
    "{'a':1}",
    '\ufeff{}',
    '{"a":1e}',
    '[1.]',
    '"\u0001"',
  ])('%j', (text) => {
    expect(parseJson(Buffer.from(text))).toMatchObject({ ok: false });
  });

  test('invalid UTF-8', () => {
    expect(parseJson(Buffer.from([0x22, 0xff, 0x22]))).toEqual({
      ok: false,
      message: 'the body is not valid UTF-8',
    });
    // A surrogate written in three bytes is no UTF-8.
    expect(parseJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])).ok).toBe(false);
  });

  test.each([
    ['{"metadata":{"a":[1,1e400]}}', 'metadata.a[1]'],
    ['[{"id":"a"},{"metadata":{"x y":-1e999}}]', 'tasks[1].metadata["x y"]'],
    ['{"tasks":[{"on_start":{"params":{"body":1e-400}}}]}', 'tasks[0].on_start.params.body'],
    ['{"new_success":1e400}', 'new_success'],
    [`{"metadata":0.${'1'.repeat(2000)}}`, 'metadata'],
    [`{"metadata":${'9'.repeat(400)}}`, 'metadata'],
    ['1e400', 'body'],
  ])('a number that nothing can hold: %s', (text, field) => {
    const line = `${field}: the number cannot be represented`;
    expect(parseJson(Buffer.from(text))).toEqual({ ok: false, message: line, details: [line] });
  });

  test('zero is a number with any exponent', () => {
    expect(stringifyJson(parsed('{"body":[0e999,0.000]}'))).toBe('{"body":[0e999,0.000]}');
  });

  test('a million levels overflow nothing', () => {
    const depth = 1_000_000;
    expect(parseJsonText(`${'['.repeat(depth)}1.0${']'.repeat(depth)}`)).toMatchObject({ ok: false });
    const plain = parsed(`${'['.repeat(depth)}1${']'.repeat(depth)}`);
    expect(isDeeperThan(plain, 256)).toBe(true);
  });
});

test('depth counts containers', () => {
  expect(isDeeperThan(1, 0)).toBe(false);
  expect(isDeeperThan([], 0)).toBe(true);
  expect(isDeeperThan({ a: [1] }, 2)).toBe(false);
  expect(isDeeperThan({ a: [{}] }, 2)).toBe(true);
});
