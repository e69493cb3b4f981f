import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { nextAttemptInSecs, parseRetryAfter, type CallRetryPolicy } from './retry-schedule.ts';

const POLICY: CallRetryPolicy = {
  maxAttempts: 10,
  maxAgeSecs: 259_200,
  backoffBaseSecs: 2,
  backoffCapSecs: 300,
};

describe('the next attempt', () => {
  // proves: webhooks/retried
  test.each([
    [1, 2],
    [2, 4],
    [3, 8],
    [8, 256],
    [9, 300],
  ])('after %i failures waits up to %i s', (attempts, ceilingSecs) => {
    expect(nextAttemptInSecs(POLICY, attempts, 0, null, 0)).toBe(0);
    expect(nextAttemptInSecs(POLICY, attempts, 0, null, 0.5)).toBe(ceilingSecs / 2);
    expect(nextAttemptInSecs(POLICY, attempts, 0, null, 0.999)).toBeCloseTo(ceilingSecs * 0.999);
  });

  // proves: webhooks/exhausted
  test('is not made after the last', () => {
    expect(nextAttemptInSecs(POLICY, 10, 0, null, 0.5)).toBeNull();
    expect(nextAttemptInSecs(POLICY, 11, 0, 5, 0.5)).toBeNull();
    expect(nextAttemptInSecs(POLICY, 9, 0, null, 0.5)).not.toBeNull();
  });

  // proves: webhooks/exhausted
  test('is not made when the notification is too old', () => {
    expect(nextAttemptInSecs(POLICY, 1, 259_200, null, 0.5)).toBeNull();
    expect(nextAttemptInSecs(POLICY, 1, 259_199.9, null, 0.5)).toBe(1);
  });

  // proves: webhooks/retry-after
  test('waits as long as the receiver asked, at most an hour', () => {
    expect(nextAttemptInSecs(POLICY, 1, 0, 30, 0.5)).toBe(30);
    expect(nextAttemptInSecs(POLICY, 1, 0, 100_000, 0.5)).toBe(3600);
    expect(nextAttemptInSecs(POLICY, 8, 0, 1, 0.5)).toBe(128);
  });

  test('never lies beyond the larger of cap and request', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, asked, random) => {
          const secs = nextAttemptInSecs(POLICY, attempts, 0, asked, random);
          expect(secs).not.toBeNull();
          expect(secs).toBeGreaterThanOrEqual(Math.min(asked ?? 0, 3600));
          expect(secs).toBeLessThanOrEqual(Math.max(300, Math.min(asked ?? 0, 3600)));
        },
      ),
    );
  });
});

// proves: webhooks/retry-after
describe('Retry-After', () => {
  afterEach(() => vi.unstubAllEnvs());

  const nowMs = Date.parse('2026-01-02T03:04:05Z');
  test.each([
    ['120', 120],
    [' 0 ', 0],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60],
    ['Friday, 02-Jan-26 03:05:05 GMT', 60],
    ['Fri Jan  2 03:05:05 2026', 60],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
  ])('%s', (header, secs) => {
    expect(parseRetryAfter(header, nowMs)).toBe(secs);
  });

  test.each([undefined, '', 'soon', '-5', '1.5', '99999999999', 'release 2099', '3 Jan 2099 apples'])(
    'which says %s says nothing',
    (header) => {
      expect(parseRetryAfter(header, nowMs)).toBeNull();
    },
  );

  test('means GMT wherever this machine is', () => {
    vi.stubEnv('TZ', 'America/New_York');
    expect(parseRetryAfter('Fri Jan  2 03:05:05 2026', nowMs)).toBe(60);
  });
});
