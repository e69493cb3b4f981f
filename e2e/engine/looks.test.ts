import { task, webhook } from '@arcrun/client';
import { anAction, stateOf, submit, until } from '@arcrun/database/testing';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

/** Where all workers are asked to look; the message is the name of the queue. */
const CHANNEL = '{arcrun}:look';

let stack: Stack;
let redis: Redis;
beforeEach(async () => {
  stack = await startStack({
    apis: 1,
    workers: 1,
    // There is one sweep, at the start.
    settings: { WORKER_LOOP_INTERVAL_MS: '3600000', WORKER_WEBHOOK_CONCURRENCY: '4' },
  });
  await until('the sweep is over', async () => {
    const metrics = await (await fetch(`${stack.workers[0]!.url}/metrics`)).text();
    return /^worker_loop_iterations_total\{loop="timeout"\} 1$/m.test(metrics);
  });
  redis = new Redis(stack.redis.url);
});
afterEach(async () => {
  redis.disconnect();
  await stack.close();
});

// proves: webhooks/origin-cap
test('a worker that has no room for a receiver asks all others, again and again, until there is nothing to ask for', async () => {
  const answers: (() => void)[] = [];
  stack.receiver.behave(async (call) => {
    await new Promise<void>((answer) => answers.push(answer));
    void call.handle.success().catch(() => undefined);
  });
  const asked: string[] = [];
  redis.on('message', (_channel, queue) => asked.push(queue));
  await redis.subscribe(CHANNEL);
  const { batchId } = await stack.client.createBatch(
    ['a', 'b', 'c'].map((id) =>
      task({ id, name: id, kind: 'held', on_start: webhook(`${stack.receiver.url}/start`) }),
    ),
  );
  await until('others are asked', async () => asked.length >= 3);
  expect(new Set(asked)).toEqual(new Set(['start']));
  expect(answers.length).toBeLessThan(3);
  await until('all have succeeded', async () => {
    for (const answer of answers.splice(0)) answer();
    return (await stack.client.getBatch(batchId)).status_counts.success === 3;
  });
});

// proves: webhooks/origin-cap
test('a worker that is asked finds what no bell has told it of', async () => {
  stack.receiver.behave((call) => void call.handle.success().catch(() => undefined));
  const { db } = stack.database;
  const url = `${stack.receiver.url}/start`;
  const { ids } = await submit(db, { a: { onStart: { ...anAction('start'), url, key: url } } });
  const isCalled = async () => stack.receiver.callsOf(ids.a, 'start').length === 1;
  await expect(until('it is called', isCalled, 1000)).rejects.toThrow('it is called');
  expect(await stateOf(db, ids.a)).toMatchObject({ status: 'Pending' });
  await redis.publish(CHANNEL, 'start');
  await until('it is called', isCalled);
});
