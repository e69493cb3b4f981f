import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { expectWithstood, type FaultContext } from './run-fault.ts';
import { flushRedis } from './system/make-faults.ts';
import { isDone } from './workload/history.ts';

const GONE_MS = 20_000;
/** An API that waits for Redis would take longer than this. */
const ANSWER_LIMIT_MS = 1000;

test('FLUSHALL', () =>
  expectWithstood({
    name: 'Redis `FLUSHALL`, three times',
    recoveryLimitMs: 5000,
    async make({ stack }) {
      for (let flush = 0; flush < 3; flush++) {
        await flushRedis(stack);
        await delay(1500);
      }
    },
  }));

test('killed, and restarted empty', () =>
  expectWithstood({
    name: 'Redis is killed and restarted empty',
    recoveryLimitMs: 5000,
    async make({ stack }) {
      await stack.killRedis();
      await delay(1000);
      await stack.restartRedis();
    },
  }));

test('gone for 20 s: the API goes on accepting, without delay, and says so', () =>
  expectWithstood({
    name: 'Redis is gone for 20 s',
    recoveryLimitMs: 5000,
    async make(context) {
      const { stack } = context;
      const beganMs = performance.now();
      await stack.killRedis();
      await delay(GONE_MS / 2);
      expect(await (await fetch(`${stack.apis[0]!.url}/ready`)).json()).toMatchObject({ queue: 'unhealthy' });
      await delay(GONE_MS / 2);
      expectPromptAnswers(context, beganMs);
      await stack.restartRedis();
    },
  }));

/** Everything that clients have asked since then was done, and at once. */
function expectPromptAnswers({ workload }: FaultContext, sinceMs: number): void {
  const attempts = workload.history.attempts.filter(({ sentMs }) => sentMs >= sinceMs);
  const creations = attempts.filter(({ what }) => what === 'create');
  expect(creations.length).toBeGreaterThan(5);
  // A dead end is canceled while it is carried out: its report is refused.
  const judged = attempts.filter(({ what, status }) => what !== 'end' || status !== 409);
  expect(judged.filter((attempt) => !isDone(attempt))).toEqual([]);
  const sorted = attempts.map(({ sentMs, doneMs }) => doneMs - sentMs).toSorted((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThan(ANSWER_LIMIT_MS);
}
