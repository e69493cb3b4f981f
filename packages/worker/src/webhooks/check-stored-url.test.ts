import { expect, test } from 'vitest';
import { checkStoredUrl } from './check-stored-url.ts';

const guard = {
  skipSsrfValidation: false,
  blockedHostnames: ['blocked.example'],
  blockedHostnameSuffixes: [],
};

// proves: webhooks/ssrf-stored
test('what is blocked now is refused, however it got into the database', () => {
  // Twice, since verdicts are kept.
  for (const _ of [1, 2]) {
    expect(checkStoredUrl('http://10.0.0.1/', guard)).toContain('not a public one');
    expect(checkStoredUrl('https://blocked.example./', guard)).toContain('is blocked');
    expect(checkStoredUrl('https://receiver.example/', guard)).toBeNull();
  }
  expect(checkStoredUrl('http://10.0.0.1/', { ...guard, skipSsrfValidation: true })).toBeNull();
});
