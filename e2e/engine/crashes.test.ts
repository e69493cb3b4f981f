import { task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack({ apis: 1, workers: 2, hasFaults: true });
});
afterEach(async () => {
  await stack.close();
});

/** Tasks that are never answered until the test says so. */
const held = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    task({
      id: `t${index}`,
      name: `t${index}`,
      kind: 'held',
      on_start: webhook(`${stack.receiver.url}/start`),
    }),
  );

// proves: lifecycle/hand-back-lease, webhooks/start-once
test('a killed worker: what it was calling is called again within 10 s, with the same key and a higher claim', async () => {
  const open: (() => void)[] = [];
  let isAnswering = false;
  stack.receiver.behave(async (call) => {
    if (call.trigger !== 'start') return;
    if (isAnswering) void call.handle.success();
    else await new Promise<void>((answer) => open.push(answer));
  });
  const { batchId } = await stack.client.createBatch(held(12));
  await until('all are being called', async () => stack.receiver.calls.length === 12);
  const survivor = await stack.startWorker();
  isAnswering = true;
  const killedMs = performance.now();
  await Promise.all(stack.workers.filter((worker) => worker !== survivor).map((worker) => worker.kill()));
  for (const answer of open) answer();
  await stack.client.waitForBatch(batchId, { pollMs: 50, signal: AbortSignal.timeout(15_000) });
  expect(performance.now() - killedMs).toBeLessThan(10_000);

  for (const first of stack.receiver.calls.slice(0, 12)) {
    const calls = stack.receiver.callsOf(first.taskId!, 'start');
    expect(calls.map((call) => call.claim)).toEqual([1, 2]);
    expect(new Set(calls.map((call) => call.headers['idempotency-key'])).size).toBe(1);
  }
});

// proves: lifecycle/hand-back-stop
test('a stopped worker waits for its open calls, and loses nothing', async () => {
  const open: (() => void)[] = [];
  stack.receiver.behave(async (call) => {
    if (call.trigger !== 'start') return;
    await new Promise<void>((answer) => open.push(answer));
    setImmediate(() => void call.handle.success());
  });
  const { batchId } = await stack.client.createBatch(held(12));
  await until('all are being called', async () => stack.receiver.calls.length === 12);
  const stopping = stack.workers.map((worker) => worker.stop());
  for (const answer of open) answer();
  expect(await Promise.all(stopping)).toEqual([0, 0]);
  await stack.client.waitForBatch(batchId, { pollMs: 20, signal: AbortSignal.timeout(10_000) });
  expect(stack.receiver.calls.filter((call) => call.trigger === 'start')).toHaveLength(12);
  const rows = await stack.database.db.selectFrom('worker').selectAll().execute();
  expect(rows).toEqual([]);
});

test('Redis flushed in the middle: work goes on by itself within 5 s', async () => {
  stack.receiver.behave((call) => {
    if (call.trigger === 'start') setTimeout(() => void call.handle.success(), 20);
  });
  const chain = Array.from({ length: 100 }, (_, index) =>
    task({
      id: `t${index}`,
      name: `t${index}`,
      kind: 'chain',
      on_start: webhook(`${stack.receiver.url}/start`),
      dependencies: index === 0 ? [] : [{ id: `t${index - 1}`, requires_success: true }],
    }),
  );
  const { batchId } = await stack.client.createBatch(chain);
  await until('it is under way', async () => stack.receiver.calls.length > 10);
  const { Redis } = await import('ioredis');
  const redis = new Redis(stack.redis.url);
  await redis.flushall();
  redis.disconnect();
  await stack.client.waitForBatch(batchId, { pollMs: 50, signal: AbortSignal.timeout(20_000) });
  expect((await stack.client.getBatch(batchId)).status_counts.success).toBe(100);
});
