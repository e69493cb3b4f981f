import { describe, expect, test } from 'vitest';
import type { Json } from './lossless-json.ts';
import { batchOf, CALL, details, task } from './sample-requests.ts';

const retryOf = (retry: Json) => batchOf([task({ retry })]).tasks[0]!.retry;

describe('the retry policy of a task', () => {
  test.each<[Json]>([[{}], [{ max_attempts: null, on: null }]])('%j is all defaults', (retry) => {
    expect(retryOf(retry)).toEqual({
      max_attempts: 1,
      backoff_secs: 2,
      backoff_factor: 2,
      max_backoff_secs: 300,
      jitter: true,
      on: ['failure', 'timeout', 'start'],
    });
  });

  test('what is given is taken, causes once and in their order', () => {
    const given = {
      ...{ max_attempts: 100, backoff_secs: 0, backoff_factor: 10, max_backoff_secs: 86_400, jitter: false },
      on: ['start', 'failure', 'start'],
    };
    expect(retryOf(given)).toEqual({ ...given, on: ['failure', 'start'] });
    expect(retryOf({ backoff_secs: 0.25, backoff_factor: 1.5 })).toMatchObject({
      backoff_secs: 0.25,
      backoff_factor: 1.5,
    });
  });

  test.each<[Json]>([[undefined as unknown as Json], [null]])('%j is none', (retry) => {
    expect(retryOf(retry)).toBeNull();
  });

  // proves: http/retry-bad
  test.each<[Json, string[]]>([
    [[], ['tasks[0].retry: must be an object']],
    [3, ['tasks[0].retry: must be an object']],
    [{ max_attempts: 0 }, ['tasks[0].retry.max_attempts: must be at least 1']],
    [
      { max_attempts: 0, on: ['x'] },
      [
        'tasks[0].retry.max_attempts: must be at least 1',
        'tasks[0].retry.on[0]: must be one of failure, timeout, start',
      ],
    ],
    [{ max_attempts: 101 }, ['tasks[0].retry.max_attempts: must be at most 100']],
    [{ max_attempts: 1.5 }, ['tasks[0].retry.max_attempts: must be an integer']],
    [{ max_attempts: '3' }, ['tasks[0].retry.max_attempts: must be an integer']],
    [{ backoff_secs: -1 }, ['tasks[0].retry.backoff_secs: must be at least 0']],
    [{ backoff_factor: 0.5 }, ['tasks[0].retry.backoff_factor: must be at least 1']],
    [{ backoff_factor: 11 }, ['tasks[0].retry.backoff_factor: must be at most 10']],
    [{ max_backoff_secs: 0 }, ['tasks[0].retry.max_backoff_secs: must be at least 1']],
    [{ max_backoff_secs: 86_401 }, ['tasks[0].retry.max_backoff_secs: must be at most 86400']],
    [{ jitter: 'yes' }, ['tasks[0].retry.jitter: must be a boolean']],
    [{ on: 'failure' }, ['tasks[0].retry.on: must be an array']],
  ])('%j is refused, by name', (retry, expected) => {
    expect(details([task({ retry })])).toEqual(expected);
  });

  // proves: http/retry-bad
  test('unknown causes are named; without a cause there would be nothing to try again for', () => {
    expect(details([task({ retry: { on: ['failure', 'boredom'] } })]).join('; ')).toMatch(
      /^tasks\[0\]\.retry\.on\[1\]: .*failure, timeout, start/,
    );
    expect(details([task({ retry: { on: [] } })])[0]).toMatch(/^tasks\[0\]\.retry\.on: /);
  });
});

describe('the retry policy of an action', () => {
  const withRetry = (retry: Json) => task({ on_start: { ...CALL, retry } });
  const actionOf = (retry: Json) => batchOf([withRetry(retry)]).tasks[0]!.onStart;

  test('is kept, and makes it another action', () => {
    expect(actionOf({ max_attempts: 3, backoff_secs: 0.5 }).retry).toEqual({
      maxAttempts: 3,
      backoffSecs: 0.5,
    });
    expect(actionOf({ max_attempts: 3 }).retry).toEqual({ maxAttempts: 3, backoffSecs: null });
    const keys = [null, {}, { max_attempts: null }, { max_attempts: 3 }, { max_attempts: 4 }].map(
      (retry) => actionOf(retry).key,
    );
    expect(new Set(keys).size).toBe(3);
  });

  // proves: http/retry-bad
  test.each<[Json, string]>([
    [3, 'tasks[0].on_start.retry: must be an object'],
    [{ max_attempts: 0 }, 'tasks[0].on_start.retry.max_attempts: must be at least 1'],
    [{ max_attempts: 1001 }, 'tasks[0].on_start.retry.max_attempts: must be at most 1000'],
    [{ backoff_secs: -0.1 }, 'tasks[0].on_start.retry.backoff_secs: must be at least 0'],
    [{ backoff_secs: 86_401 }, 'tasks[0].on_start.retry.backoff_secs: must be at most 86400'],
  ])('%j is refused, by name', (retry, expected) => {
    expect(details([withRetry(retry)])).toEqual([expected]);
  });
});
