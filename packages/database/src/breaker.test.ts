import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BreakerOpenError, type BreakerState, DatabaseBreaker } from './breaker.ts';

let states: BreakerState[];
let rejections: number;
let breaker: DatabaseBreaker;

function make(): DatabaseBreaker {
  return new DatabaseBreaker({
    failureThreshold: 3,
    failureWindowSecs: 10,
    recoveryTimeoutSecs: 30,
    successThreshold: 2,
    onChange: (state) => states.push(state),
    onRejection: () => rejections++,
  });
}

function fail(times: number): void {
  for (let i = 0; i < times; i++) breaker.failed();
}

function refusal(): BreakerOpenError | null {
  try {
    breaker.admit();
    return null;
  } catch (error) {
    return error as BreakerOpenError;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  states = [];
  rejections = 0;
  breaker = make();
});
afterEach(() => {
  breaker.stop();
  vi.useRealTimers();
});

describe('closed', () => {
  // proves: webhooks/database-breaker
  test('it opens at so many failures in a row, not before', () => {
    fail(2);
    expect(refusal()).toBeNull();
    fail(1);
    expect(refusal()).toBeInstanceOf(BreakerOpenError);
    expect(states).toEqual(['open']);
    expect(rejections).toBe(1);
  });

  test('an answer between the failures begins the count anew', () => {
    fail(2);
    breaker.succeeded();
    fail(2);
    expect(refusal()).toBeNull();
  });

  test('failures that are further apart than the window do not open it', () => {
    for (let i = 0; i < 10; i++) {
      fail(1);
      vi.advanceTimersByTime(5001);
    }
    expect(refusal()).toBeNull();
  });
});

describe('open', () => {
  test('it says how long it stays so', () => {
    fail(3);
    expect(refusal()!.retryAfterSecs).toBe(30);
    vi.advanceTimersByTime(29_500);
    expect(refusal()!.retryAfterSecs).toBe(1);
  });

  // proves: webhooks/database-breaker
  test('after the recovery time a few calls a second try; answers in a row close it', () => {
    fail(3);
    vi.advanceTimersByTime(30_000);
    expect([refusal(), refusal()]).toEqual([null, null]);
    expect(refusal()).not.toBeNull();
    vi.advanceTimersByTime(1000);
    expect(refusal()).toBeNull();
    breaker.succeeded();
    expect(states).toEqual(['open', 'half_open']);
    breaker.succeeded();
    expect(states).toEqual(['open', 'half_open', 'closed']);
    for (let i = 0; i < 10; i++) expect(refusal()).toBeNull();
  });

  test('one failure of a call that tries opens it again, for the whole time', () => {
    fail(3);
    vi.advanceTimersByTime(30_000);
    breaker.succeeded();
    fail(1);
    expect(states).toEqual(['open', 'half_open', 'open']);
    vi.advanceTimersByTime(29_000);
    expect(refusal()).not.toBeNull();
    breaker.succeeded();
    expect(states).toHaveLength(3);
  });
});

describe('the probe', () => {
  test('asks every second while it is not closed, and closes it before the recovery time is over', async () => {
    let answers = false;
    let asked = 0;
    breaker.probeWith(() => {
      asked++;
      return answers ? Promise.resolve() : Promise.reject(new Error('gone'));
    });
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toBe(0);
    fail(3);
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked).toBe(3);
    expect(refusal()).not.toBeNull();
    answers = true;
    await vi.advanceTimersByTimeAsync(2000);
    expect(states).toEqual(['open', 'closed']);
    expect(refusal()).toBeNull();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(5);
  });

  test('waits for its own answer before it asks again', async () => {
    let asked = 0;
    breaker.probeWith(() => {
      asked++;
      return new Promise(() => undefined);
    });
    fail(3);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toBe(1);
  });
});
