import { expect, test } from 'vitest';
import { ChunkedBytes } from './chunked-bytes.ts';

const textOf = (bytes: ChunkedBytes): string => bytes.toBuffer().toString();

test.each([0, 5, 10_000])('chunks of all sizes are put together, when %i bytes were expected', (expected) => {
  for (const sizes of [[], [0], [0, 3, 0], [5], [1, 1, 1], [4095, 1, 1], [1, 5000, 1], [10_000, 3]]) {
    const bytes = new ChunkedBytes(expected);
    let whole = '';
    for (const [index, size] of sizes.entries()) {
      const chunk = String(index).repeat(size);
      whole += chunk;
      bytes.add(Buffer.from(chunk));
    }
    expect([bytes.size, textOf(bytes)]).toEqual([whole.length, whole]);
    bytes.clear();
    expect([bytes.size, textOf(bytes)]).toEqual([0, '']);
  }
});

test('a million chunks of one byte take little more than their size', () => {
  const bytes = new ChunkedBytes();
  for (let n = 0; n < 1_000_000; n++) bytes.add(Buffer.from([n & 127]));
  expect(bytes.size).toBe(1_000_000);
  expect(bytes.toBuffer().buffer.byteLength).toBeLessThan(2_500_000);
});

test('a single chunk is not copied', () => {
  const chunk = Buffer.from('once');
  const bytes = new ChunkedBytes();
  bytes.add(chunk);
  expect(bytes.toBuffer()).toBe(chunk);
});
