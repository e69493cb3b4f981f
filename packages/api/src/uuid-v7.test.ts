import { expect, test } from 'vitest';
import { uuidsV7 } from './uuid-v7.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

// proves: http/ids
test('each is a UUID of version 7, and larger than the one before', () => {
  for (let round = 0; round < 100; round++) {
    const ids = uuidsV7(500);
    for (const [index, id] of ids.entries()) {
      expect(id).toMatch(UUID_V7);
      if (index > 0) expect(id > ids[index - 1]!).toBe(true);
    }
  }
});

test('a million keep their order', () => {
  const ids = uuidsV7(1_000_000);
  expect(ids.every((id, index) => index === 0 || id > ids[index - 1]!)).toBe(true);
});

test('they carry the time', () => {
  const [id] = uuidsV7(1, 0x0123_4567_89ab);
  expect(id!.slice(0, 13)).toBe('01234567-89ab');
});

test('two calls at the same time share none', () => {
  const ids = [...uuidsV7(1000, 1), ...uuidsV7(1000, 1)];
  expect(new Set(ids).size).toBe(2000);
});
