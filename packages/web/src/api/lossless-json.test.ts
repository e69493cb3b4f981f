import { expect, test } from 'vitest';
import { NumberText, readJson, writeJson } from './lossless-json.ts';

test.each([
  '{"id":9007199254740993,"n":[1,2.5,-9223372036854775808]}',
  '{"pi":3.14159265358979323846,"text":"12345678901234567890"}',
  '{"small":1,"nested":{"big":12345678901234567890}}',
])('%s is written as it was read', (text) => {
  expect(writeJson(readJson(text))).toBe(text);
});

test('usual numbers stay numbers, large ones are texts', () => {
  const read = readJson('{"a":9007199254740991,"b":9007199254740993,"c":0.1}') as Record<string, unknown>;
  expect(read['a']).toBe(9007199254740991);
  expect(read['c']).toBe(0.1);
  expect(read['b']).toBeInstanceOf(NumberText);
  expect(String(read['b'])).toBe('9007199254740993');
});
