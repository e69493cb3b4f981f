import { expect, test } from 'vitest';
import { toBindMessage } from './bind-message.ts';

const written = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString('latin1');

test('short values are one part', () => {
  const parts = toBindMessage(['é', null, new TextEncoder().encode('abc'), '']);
  expect(parts).toHaveLength(1);
  expect(written(parts)).toBe(
    'B\0\0\0\x21\0\0\0\0\0\x04' + // 33 bytes behind the B, no names, no formats, four values
      '\0\0\0\x02\xc3\xa9' +
      '\xff\xff\xff\xff' +
      '\0\0\0\x03abc' +
      '\0\0\0\0' +
      '\0\0',
  );
});

test('a long value is a part of its own, and not copied', () => {
  const long = new Uint8Array(65_537).fill(120);
  const parts = toBindMessage(['a', long, 'b']);
  expect(parts).toHaveLength(3);
  expect(parts[1]).toBe(long);
  expect(Buffer.concat(parts).readInt32BE(1)).toBe(Buffer.concat(parts).length - 1);
  expect(written(parts.slice(2))).toBe('\0\0\0\x01b\0\0');
});

test('no values', () => {
  expect(written(toBindMessage([]))).toBe('B\0\0\0\x0c\0\0\0\0\0\0\0\0');
});
