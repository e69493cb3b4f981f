import { expect, test } from 'vitest';
import { empty, json, rejectionOf, reset, serve } from '../testing/scripted-server.ts';
import { ArcRunError, createClient, task, webhook } from './index.ts';
import type { ArcRunClient } from './index.ts';

async function failureOf(call: Promise<unknown>): Promise<ArcRunError> {
  const error = await rejectionOf(call);
  expect(error).toBeInstanceOf(ArcRunError);
  return error as ArcRunError; // oxlint-disable-line typescript/no-unsafe-type-assertion -- asserted above
}

const one = task({ id: 'a', kind: 'build', on_start: webhook('http://r/work') });

test('a page of a proxy is an error with its text', async () => {
  const { url } = await serve((response) => {
    response.statusCode = 502;
    response.end('<html>');
  });
  expect(await failureOf(createClient({ url }).getTask('1'))).toMatchObject({ status: 502, body: '<html>' });
});

test('a success that is not JSON is an error', async () => {
  const { url } = await serve((response) => {
    response.end('<html>');
  });
  expect((await failureOf(createClient({ url }).getTask('1'))).message).toContain('not JSON');
});

test('nobody listens: status 0, and the reason', async () => {
  const { url, close } = await serve(empty(200));
  await close();
  const error = await failureOf(createClient({ url, maxAttempts: 2 }).getTask('1'));
  expect(error.status).toBe(0);
  expect(error.message).toMatch(/^GET \/task\/1 got no answer from http.*ECONNREFUSED/);
});

test('an answer that does not come in time is an error', async () => {
  const { url } = await serve(() => {});
  const error = await failureOf(createClient({ url, timeoutMs: 30 }).addProgress('1', { success: 1 }));
  expect(error.status).toBe(0);
  expect(error.message).toContain('within 30 ms');
});

test.each([429, 503])('%i with Retry-After is tried again, counters too', async (status) => {
  const { url, seen } = await serve(json(status, { error: 'busy' }, { 'retry-after': '0' }), json(202, null));
  await createClient({ url }).addProgress('1', { success: 1 });
  expect(seen).toHaveLength(2);
});

test('waits as long as Retry-After says', async () => {
  const { url, seen } = await serve(json(503, {}, { 'retry-after': '1' }), json(200, {}));
  const startedAt = performance.now();
  const waits: [number, number][] = [];
  const onRetry = ({ status: why }: ArcRunError, delayMs: number) =>
    waits.push([why, Math.floor(delayMs / 1000)]);
  await createClient({ url, onRetry }).getTask('1');
  expect(waits).toEqual([[503, 1]]);
  expect(performance.now() - startedAt).toBeGreaterThan(990);
  expect(seen).toHaveLength(2);
});

test('a wait that is too long to sit through is an error at once', async () => {
  const { url, seen } = await serve(json(503, {}, { 'retry-after': '3600' }));
  expect((await failureOf(createClient({ url }).getTask('1'))).status).toBe(503);
  expect(seen).toHaveLength(1);
});

test('without Retry-After only a repeatable call is tried again', async () => {
  const reading = await serve(json(503, {}), json(200, {}));
  await createClient({ url: reading.url }).getTask('1');
  expect(reading.seen).toHaveLength(2);
  const adding = await serve(json(503, {}), json(200, {}));
  expect((await failureOf(createClient({ url: adding.url }).addProgress('1', { success: 1 }))).status).toBe(
    503,
  );
  expect(adding.seen).toHaveLength(1);
});

test.each<[string, (client: ArcRunClient) => Promise<unknown>, number]>([
  ['a read', (c) => c.getTask('1'), 2],
  ['an end', (c) => c.reportSuccess('1', { new_success: 1 }), 2],
  ['a change that replaces', (c) => c.updateTask('1', { priority: 1 }), 2],
  ['a batch', (c) => c.createBatch([one]), 2],
  ['a batch with a key', (c) => c.createBatch([one], { idempotencyKey: 'k' }), 2],
  ['a change that adds', (c) => c.updateTask('1', { new_success: 1 }), 1],
  ['a counter', (c) => c.addProgress('1', { success: 1 }), 1],
  ['a batch without a key', (c) => c.createBatch([one], { idempotencyKey: false }), 1],
  ['a cancel', (c) => c.cancelTask('1'), 1],
])('after a reset connection, %s is sent %#', async (_name, run, times) => {
  const { url, seen } = await serve(reset, json(201, [], { 'X-Batch-ID': 'b' }));
  const succeeded = await run(createClient({ url })).then(
    () => true,
    () => false,
  );
  expect(succeeded).toBe(times === 2);
  expect(seen).toHaveLength(times);
});

test('gives up after the last attempt', async () => {
  const { url, seen } = await serve(json(503, { error: 'no' }, { 'retry-after': '0' }));
  expect((await failureOf(createClient({ url, maxAttempts: 3 }).getTask('1'))).status).toBe(503);
  expect(seen).toHaveLength(3);
});

// proves: client/lost-answer
test('a batch that is sent again has the same key and the same body', async () => {
  const { url, seen } = await serve(reset, json(201, [], { 'X-Batch-ID': 'b' }));
  await createClient({ url }).createBatch([one]);
  const [first, second] = seen;
  expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
  expect(second?.body).toEqual(first?.body);
});

test('two batches have two keys, and none when none is wanted', async () => {
  const { url, seen } = await serve(json(201, [], { 'X-Batch-ID': 'b' }));
  const client = createClient({ url });
  await client.createBatch([one]);
  await client.createBatch([one]);
  await client.createBatch([one], { idempotencyKey: false });
  const keys = seen.map((call) => call.headers['idempotency-key']);
  expect(new Set(keys).size).toBe(3);
  expect(keys[2]).toBeUndefined();
});
