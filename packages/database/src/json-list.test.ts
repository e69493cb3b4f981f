import { expect, test } from 'vitest';
import { toJsonList } from './json-list.ts';

test.each([0, 1, 2, 999, 1000, 1001, 2500])('of %i items', (count) => {
  const items = Array.from({ length: count }, (_, n) => ({ n, text: 'é' }));
  const bytes = toJsonList(items, (item) => JSON.stringify(item));
  expect(Buffer.from(bytes).toString()).toBe(JSON.stringify(items));
  expect(bytes.buffer.byteLength).toBe(bytes.length);
});
