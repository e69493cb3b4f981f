import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_BATCH_LIMITS, parseJson, parseNewBatch } from '@arcrun/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '../harness/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 0 });
}, 60_000);
afterAll(() => stack.close());

const TASKS = 10_000;
const PAYLOAD_MAX_BYTES = 16_777_216;
const POSTS = 5;
const PAUSE_MS = 2;

const BODY = theLargestBatch();

function theLargestBatch(): Buffer {
  const fields = (index: number, filling: string) => ({
    id: `task-${index}`,
    name: `Task ${index}`,
    kind: `kind-${index % 20}`,
    metadata: { tenant_id: index % 100, path: `/data/${index}`, ratio: index / 7, filling },
    dependencies: index < 100 ? [] : [{ id: `task-${index - 100}`, requires_success: true }],
    on_start: { kind: 'Webhook', params: { url: `https://receiver.example/${index % 50}`, verb: 'Post' } },
  });
  const room = Math.floor(PAYLOAD_MAX_BYTES / TASKS) - JSON.stringify(fields(TASKS, '')).length - 25;
  const tasks = Array.from({ length: TASKS }, (_, index) => fields(index, 'x'.repeat(room)));
  return Buffer.from(JSON.stringify(tasks));
}

const agent = new Agent({ keepAlive: true });

/** Calls the API with as little work as possible here, since that would delay the calls beside it. */
function call(method: string, path: string, body?: Buffer): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const headers = body && { 'content-type': 'application/json', 'content-length': body.length };
  request(`${stack.apis[0]!.url}${path}`, { method, agent, headers: headers ?? {} }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode));
  })
    .on('error', reject)
    .end(body);
  return promise;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** The slowest of the calls to a path that are made one after the other until something has happened. */
async function slowestCallUntil(end: Promise<unknown>, path: string): Promise<number> {
  const isOver = end.then(() => true);
  let slowest = 0;
  do {
    const startedAt = performance.now();
    await call('GET', path);
    slowest = Math.max(slowest, performance.now() - startedAt);
  } while (!(await Promise.race([isOver, delay(PAUSE_MS, false)])));
  return slowest;
}

/** How long nothing else would happen at least, were the body read where it arrives; here and now. */
function timeOfReading(): number {
  const startedAt = performance.now();
  const json = parseJson(BODY);
  expect(json.ok && parseNewBatch(json.value, DEFAULT_BATCH_LIMITS).ok).toBe(true);
  return performance.now() - startedAt;
}

test('small calls stay quick while batches of the largest size come in', async () => {
  const slowest: number[] = [];
  const readings: number[] = [];
  for (let post = 0; post < POSTS; post++) {
    const created = call('POST', '/task', BODY);
    slowest.push(await slowestCallUntil(created, '/health'));
    expect(await created).toBe(201);
    readings.push(timeOfReading());
  }
  expect(median(slowest)).toBeLessThan(0.7 * median(readings));
});
