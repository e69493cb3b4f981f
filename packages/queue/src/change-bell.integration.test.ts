import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { BroadcastListener } from './broadcasts.ts';
import { ChangeBell } from './change-bell.ts';
import { openProducerRedis } from './redis.ts';

let redis: Redis;
let bell: ChangeBell;
let listener: BroadcastListener;
let heard: number;
beforeEach(async () => {
  redis = openProducerRedis({ url: inject('redisUrl'), onError: () => undefined });
  bell = new ChangeBell(redis);
  heard = 0;
  listener = new BroadcastListener(redis, 'changed', { onMessage: () => heard++, onError: () => undefined });
  listener.start();
  await until(() => redis.status === 'ready');
  // Others may ring meanwhile: what is counted are differences.
  await ringUntilHeard();
});
afterEach(() => {
  bell.stop();
  listener.stop();
  redis.disconnect();
});

async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error('waited in vain');
    await delay(1);
  }
}

/** Whether it has subscribed, only an answer shows. The first thing heard is that the connection is there. */
async function ringUntilHeard(): Promise<void> {
  await until(() => {
    bell.ring();
    return heard >= 2;
  });
}

test('many rings are few messages', async () => {
  const publish = vi.spyOn(redis, 'publish');
  const before = heard;
  const beganMs = performance.now();
  let rings = 0;
  await until(() => {
    for (; rings % 100 !== 99; rings++) bell.ring();
    rings++;
    return heard >= before + 5;
  });
  expect(rings).toBeGreaterThan(1000);
  expect(publish.mock.calls.length).toBeLessThan((performance.now() - beganMs) / 100 + 2);
});

test('what is rung in the pause after a message is another message', async () => {
  bell.stop();
  const publish = vi.spyOn(redis, 'publish');
  const rested = new ChangeBell(redis);
  for (let ring = 0; ring < 3; ring++) rested.ring();
  await until(() => publish.mock.calls.length === 2);
  rested.stop();
});

test('it is heard again after the connection broke', async () => {
  const before = heard;
  await redis.call('client', 'kill', 'type', 'pubsub');
  await until(() => {
    bell.ring();
    return heard >= before + 3;
  });
});

test('ringing without Redis does nothing', async () => {
  const away = openProducerRedis({ url: 'redis://127.0.0.1:1', onError: () => undefined });
  const silent = new ChangeBell(away);
  for (let ring = 0; ring < 100; ring++) silent.ring();
  await delay(150);
  silent.stop();
  away.disconnect();
});
