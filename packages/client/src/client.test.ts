import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { ArcRunError, createClient, handle, task, webhook } from './index.ts';
import type { ArcRunClient } from './index.ts';

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}
type Reply = (response: ServerResponse, seen: Seen) => void;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A real server that gives the next of the replies to each call, the last one for ever. */
async function serve(...replies: Reply[]): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const call: Seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
      seen.push(call);
      const reply = replies[Math.min(seen.length, replies.length) - 1];
      reply?.(response, call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, seen };
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}
const empty =
  (status: number, headers: Record<string, string> = {}): Reply =>
  (response) => {
    response.writeHead(status, headers);
    response.end();
  };
const reset: Reply = (response) => {
  response.destroy();
};

async function failureOf(call: Promise<unknown>): Promise<ArcRunError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ArcRunError);
  return error as ArcRunError; // oxlint-disable-line typescript/no-unsafe-type-assertion -- asserted above
}

const one = task({ id: 'a', kind: 'build', on_start: webhook('http://r/work') });

test('creates a batch from an array, with the key and the token', async () => {
  const { url, seen } = await serve(json(201, [{ id: '1' }], { 'X-Batch-ID': 'b1' }));
  const client = createClient({ url: `${url}/`, token: 'secret' });
  const created = await client.createBatch([one], { idempotencyKey: 'k' });
  expect(created).toEqual({ batchId: 'b1', tasks: [{ id: '1' }] });
  expect(seen[0]).toMatchObject({
    method: 'POST',
    url: '/task',
    body: [
      {
        id: 'a',
        name: 'a',
        kind: 'build',
        on_start: { kind: 'Webhook', params: { url: 'http://r/work', verb: 'Post' } },
      },
    ],
    headers: { 'idempotency-key': 'k', authorization: 'Bearer secret', 'content-type': 'application/json' },
  });
});

test('a 204 is a batch without tasks', async () => {
  const { url } = await serve(empty(204, { 'X-Batch-ID': 'b2' }));
  expect(await createClient({ url }).createBatch({ tasks: [] })).toEqual({ batchId: 'b2', tasks: [] });
});

test('an answer without the batch header is an error', async () => {
  const { url } = await serve(json(201, []));
  expect((await failureOf(createClient({ url }).createBatch([one]))).message).toContain('X-Batch-ID');
});

test.each<[string, (client: ArcRunClient) => Promise<unknown>, string, unknown]>([
  ['getTask', (c) => c.getTask('x/y'), 'GET /task/x%2Fy', undefined],
  [
    'listTasks',
    (c) => c.listTasks({ status: 'Running', page: 0, metadata: { tenant: 'a&b' } }),
    'GET /task?status=Running&page=0&metadata=%7B%22tenant%22%3A%22a%26b%22%7D',
    undefined,
  ],
  ['listTasks', (c) => c.listTasks({ metadata: 'a' }), 'GET /task?metadata=%22a%22', undefined],
  [
    'reportSuccess',
    (c) => c.reportSuccess('1', { new_success: 2 }),
    'PATCH /task/1',
    { new_success: 2, status: 'Success' },
  ],
  [
    'reportFailure',
    (c) => c.reportFailure('1', 'no'),
    'PATCH /task/1',
    { status: 'Failure', failure_reason: 'no' },
  ],
  ['updateTask', (c) => c.updateTask('1', { priority: 3 }), 'PATCH /task/1', { priority: 3 }],
  [
    'addProgress',
    (c) => c.addProgress('1', { failures: 1 }),
    'PUT /task/1',
    { new_success: 0, new_failures: 1 },
  ],
  ['cancelTask', (c) => c.cancelTask('1'), 'DELETE /task/1', undefined],
  ['pauseTask', (c) => c.pauseTask('1'), 'PATCH /task/pause/1', undefined],
  ['resumeTask', (c) => c.resumeTask('1'), 'PATCH /task/resume/1', undefined],
  ['getBatch', (c) => c.getBatch('1'), 'GET /batch/1', undefined],
  ['listBatches', (c) => c.listBatches({ search: 'a b' }), 'GET /batches?search=a+b', undefined],
  ['stopBatch', (c) => c.stopBatch('1'), 'DELETE /batch/1', undefined],
  [
    'updateBatchRules',
    (c) => c.updateBatchRules('1', { kind: 'etl', rules: [] }),
    'PATCH /batch/1/rules',
    { kind: 'etl', rules: [] },
  ],
  ['getDag', (c) => c.getDag('1'), 'GET /dag/1', undefined],
  ['listDeliveries', (c) => c.listDeliveries(), 'GET /webhook-deliveries', undefined],
])('%s makes the call %#', async (_name, run, call, body) => {
  const { url, seen } = await serve(json(200, {}));
  await run(createClient({ url }));
  expect(seen.map((one_) => `${one_.method} ${one_.url}`)).toEqual([call]);
  expect(seen[0]?.body).toEqual(body);
});

test('a refusal carries the status, the details and the body', async () => {
  const body = { error: 'The request is not valid.', status: 400, details: ['a: x', 'b: x', 'c: x', 'd: x'] };
  const { url, seen } = await serve(json(400, body));
  const error = await failureOf(createClient({ url }).createBatch([one]));
  expect(error).toMatchObject({ name: 'ArcRunError', status: 400, details: body.details, body });
  expect(error.message).toBe('POST /task answered 400: The request is not valid. (a: x; b: x; c: x; 1 more)');
  expect(seen).toHaveLength(1);
});

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
  const { url } = await serve(empty(200));
  await closers.pop()?.();
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
  await createClient({ url }).getTask('1');
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
  ['a batch with a key', (c) => c.createBatch([one], { idempotencyKey: 'k' }), 2],
  ['a change that adds', (c) => c.updateTask('1', { new_success: 1 }), 1],
  ['a counter', (c) => c.addProgress('1', { success: 1 }), 1],
  ['a batch without a key', (c) => c.createBatch([one]), 1],
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

test('waitForBatch looks until all tasks have ended', async () => {
  const counts = {
    waiting: 0,
    pending: 0,
    claimed: 0,
    running: 0,
    success: 1,
    failure: 1,
    paused: 0,
    canceled: 0,
  };
  const { url, seen } = await serve(
    json(200, { status_counts: { ...counts, waiting: 1 } }),
    json(200, { status_counts: { ...counts, paused: 1 } }),
    json(200, { status_counts: counts }),
  );
  const stats = await createClient({ url }).waitForBatch('b', { pollMs: 1 });
  expect(stats.status_counts).toEqual(counts);
  expect(seen).toHaveLength(3);
});

test('an abort ends a wait with the reason of the signal', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  const { url } = await serve((response) => {
    json(200, { status_counts: { waiting: 1 } })(response, { method: '', url: '', headers: {}, body: null });
    setImmediate(() => {
      abort.abort(reason);
    });
  });
  const waiting = createClient({ url }).waitForBatch('b', { signal: abort.signal, pollMs: 60_000 });
  await expect(waiting).rejects.toBe(reason);
});

test('a handle reports to its own URL, query included', async () => {
  const { url, seen } = await serve(json(200, null));
  const ours = handle(`${url}/task/7?attempt=2`, { token: 't' });
  await ours.progress({ success: 2, failures: 1 });
  await ours.success();
  await ours.fail('broken', { new_failures: 1 });
  expect(seen.map(({ method, url: path, body }) => [method, path, body])).toEqual([
    ['PUT', '/task/7?attempt=2', { new_success: 2, new_failures: 1 }],
    ['PATCH', '/task/7?attempt=2', { status: 'Success' }],
    ['PATCH', '/task/7?attempt=2', { new_failures: 1, status: 'Failure', failure_reason: 'broken' }],
  ]);
  expect(seen[0]?.headers.authorization).toBe('Bearer t');
});

test('builders write what is given, and plain parents as required ones', () => {
  const made = task({
    id: 'b',
    name: 'B',
    kind: 'k',
    on_start: webhook('http://r', { verb: 'Put', body: null, headers: { a: 'b' } }),
    dependencies: ['a', { id: 'c', requires_success: false }],
  });
  expect(made.dependencies).toEqual([
    { id: 'a', requires_success: true },
    { id: 'c', requires_success: false },
  ]);
  expect(made.on_start.params).toEqual({ url: 'http://r', verb: 'Put', body: null, headers: { a: 'b' } });
});
