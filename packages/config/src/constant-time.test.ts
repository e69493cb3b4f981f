import { timingSafeEqual } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { AccessTokens } from './access-tokens.ts';

vi.mock('node:crypto', { spy: true });

// proves: settings/auth-constant-time
test.each(['the-first-token-1', 'the-second-token', 'x', ''])('%j is compared with each token', (given) => {
  vi.mocked(timingSafeEqual).mockClear();
  new AccessTokens(['the-first-token-1', 'the-second-token']).includes(given);
  expect(timingSafeEqual).toHaveBeenCalledTimes(2);
  // Of one length, whatever was given.
  const lengths = vi
    .mocked(timingSafeEqual)
    .mock.calls.flat()
    .map((bytes) => bytes.byteLength);
  expect(new Set(lengths)).toEqual(new Set([32]));
});
