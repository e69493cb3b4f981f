import { setTimeout as delay } from 'node:timers/promises';
import type { Bell, DueBell } from '@arcrun/contracts';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { BroadcastListener } from './broadcasts.ts';
import { Doorbell } from './doorbell.ts';
import { type Processor, type Round, startProcessor } from './processor.ts';
import type { QueueName } from './queues.ts';
import { openConsumerRedis, openProducerRedis } from './redis.ts';

const ROUNDS = 300;

let producer: Redis;
let consumer: Redis;
let doorbell: Doorbell;
let processors: Processor[];
let lost: unknown[];
beforeAll(() => {
  // Others use the same server.
  const url = new URL('/7', inject('redisUrl')).href;
  producer = openProducerRedis({ url, onError: () => undefined });
  consumer = openConsumerRedis({ url, onError: () => undefined });
});
beforeEach(async () => {
  await consumer.flushdb();
  lost = [];
  processors = [];
  doorbell = new Doorbell(producer, (_queue, error) => lost.push(error));
  while (doorbell.queues.length === 0) await delay(5);
});
afterEach(async () => {
  await Promise.all(processors.map((processor) => processor.close()));
  await doorbell.close();
  expect(lost).toEqual([]);
});
afterAll(() => {
  producer.disconnect();
  consumer.disconnect();
});

function listen(
  process: (bell: Bell | DueBell) => Promise<Round | void>,
  queue: QueueName = 'start',
): Processor {
  const processor = startProcessor({
    queue,
    redis: consumer,
    process,
    onError: (_queue, error) => lost.push(error),
    onFailed: (_queue, error) => lost.push(error),
    onStalled: () => undefined,
  });
  processors.push(processor);
  return processor;
}

async function until(holds: () => boolean, limitMs = 20_000): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error('waited in vain');
    await delay(1);
  }
}

test('a bell that is rung between the read and the end of a round brings another round', async () => {
  // What stands in the database, and what rounds have read of it.
  let written = 0;
  let read = 0;
  let ringInRound = false;
  listen(async () => {
    read = written;
    if (!ringInRound) return;
    ringInRound = false;
    await delay(Math.random() * 2);
    written++;
    doorbell.ring('start');
    await delay(Math.random() * 2);
  });
  for (let round = 0; round < ROUNDS; round++) {
    ringInRound = true;
    written++;
    doorbell.ring('start');
    const target = written + 1;
    await until(() => read >= target);
  }
  expect(read).toBe(2 * ROUNDS);
});

test('of bells that are rung at any moment, the last is followed by a round, with several workers', async () => {
  let written = 0;
  let read = 0;
  for (let worker = 0; worker < 3; worker++) {
    listen(async () => {
      const now = written;
      await delay(Math.random() * 3);
      read = Math.max(read, now);
    });
  }
  for (let round = 0; round < ROUNDS; round++) {
    const rings = 1 + Math.floor(Math.random() * 4);
    for (let ring = 0; ring < rings; ring++) {
      written++;
      doorbell.ring('start');
      if (Math.random() < 0.5) await delay(Math.random() * 2);
    }
    await until(() => read === written);
  }
});

test('many bells at once are few rounds', async () => {
  let rounds = 0;
  listen(async () => {
    rounds++;
    await delay(20);
  });
  for (let ring = 0; ring < 1000; ring++) doorbell.ring('start');
  await delay(300);
  expect(rounds).toBeGreaterThanOrEqual(1);
  expect(rounds).toBeLessThanOrEqual(4);
});

test('a worker that is full leaves the bell to another, until it has room', async () => {
  const rung: string[] = [];
  let isFull = true;
  const first = listen(() => {
    rung.push('first');
    return Promise.resolve({ isFull });
  });
  doorbell.ring('start');
  await until(() => rung.length === 1);
  doorbell.ring('start');
  await delay(100);
  expect(rung).toEqual(['first']);
  isFull = false;
  first.listen();
  await until(() => rung.length === 2);
});

test('a round without a bell runs after the one that is under way, never beside it', async () => {
  let open = 0;
  let most = 0;
  let rounds = 0;
  const processor = listen(async () => {
    open++;
    most = Math.max(most, open);
    await delay(5);
    open--;
    rounds++;
  });
  for (let round = 0; round < 50; round++) {
    doorbell.ring('start');
    processor.run();
    processor.run();
    await delay(2);
  }
  await until(() => rounds > 10);
  expect(most).toBe(1);
});

test('a bell for later rings then, and bells for the same moment are one', async () => {
  const rungMs: number[] = [];
  listen(() => {
    rungMs.push(performance.now());
    return Promise.resolve();
  });
  const beganMs = performance.now();
  for (let ring = 0; ring < 20; ring++) doorbell.ringLater('start', 500);
  await until(() => rungMs.length > 0);
  expect(rungMs[0]! - beganMs).toBeGreaterThanOrEqual(490);
  expect(rungMs[0]! - beganMs).toBeLessThan(3000);
  await delay(300);
  expect(rungMs.length).toBeLessThanOrEqual(2);
});

test('all who listen are told to look', async () => {
  const heard: (string | undefined)[][] = [[], [], []];
  const listeners = heard.map(
    (told) =>
      new BroadcastListener(producer, 'look', {
        onMessage: (queue) => void told.push(queue),
        onError: (error) => void lost.push(error),
      }),
  );
  try {
    for (const listener of listeners) listener.start();
    // Whether it has subscribed, only a message shows.
    await until(() => {
      doorbell.ringAll('webhook');
      return heard.every((told) => told.includes('webhook'));
    });
    for (const told of heard) expect(new Set(told)).toEqual(new Set([undefined, 'webhook']));
  } finally {
    for (const listener of listeners) listener.stop();
  }
});

test('a bell for later is rung by the timeout queue when the one who was to ring it is gone', async () => {
  const rungMs: number[] = [];
  listen(async () => void rungMs.push(performance.now()));
  const bells: Bell[] = [];
  listen(async (bell) => {
    bells.push(bell);
    if ('ring' in bell) doorbell.ring(bell.ring);
  }, 'timeout');
  const gone = new Doorbell(producer, (_queue, error) => lost.push(error), { requestId: () => 'r-1' });
  while (gone.queues.length === 0) await delay(5);
  const beganMs = performance.now();
  gone.ringLater('start', 300);
  await delay(50);
  await gone.close();
  await until(() => rungMs.length > 0);
  expect(rungMs[0]! - beganMs).toBeGreaterThanOrEqual(290);
  expect(rungMs[0]! - beganMs).toBeLessThan(300 + 1000 + 1000);
  expect(bells).toEqual([{ request_id: 'r-1', ring: 'start' }]);
});

test('a queue is silent when no job waits, runs or comes within a moment', async () => {
  expect(await doorbell.isSilent('start')).toBe(true);
  doorbell.ringLater('start', 60_000);
  await delay(50);
  expect(await doorbell.isSilent('start')).toBe(true);
  doorbell.ringLater('start', 1000);
  doorbell.ringLater('webhook', 30_000);
  await delay(50);
  expect(await doorbell.isSilent('start')).toBe(false);
  expect(await doorbell.isSilent('webhook')).toBe(true);
});

// proves: metrics/mended
test('a flush between two bells swallows nothing that is rung after it', async () => {
  let written = 0;
  let read = 0;
  listen(() => {
    read = written;
    return Promise.resolve();
  });
  for (let round = 0; round < 50; round++) {
    await consumer.flushdb();
    written++;
    doorbell.ring('start');
    await until(() => read === written);
  }
  // The jobs that were flushed away while they were active could not be ended.
  expect(lost.every((error) => String(error).includes('moveToFinished'))).toBe(true);
  lost = [];
});

test('what is rung before Redis has been reached is rung when it is there', async () => {
  const late = openProducerRedis({ url: new URL('/7', inject('redisUrl')).href, onError: () => undefined });
  const owed: unknown[] = [];
  const early = new Doorbell(late, (_queue, error) => owed.push(error));
  try {
    early.ring('start');
    await until(() => owed.length === 1);
    let rounds = 0;
    listen(async () => void rounds++);
    await until(() => rounds === 1);
  } finally {
    await early.close();
    late.disconnect();
  }
});
