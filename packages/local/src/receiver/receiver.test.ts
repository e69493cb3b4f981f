import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { BoundedMap } from './bounded-map.ts';
import type { CallRecord, NotificationRecord } from './records.ts';
import { createReceiver } from './receiver.ts';

/** Enough for a crowded machine. */
const PATIENCE = { timeout: 20_000 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

interface Report {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: unknown;
  atMs: number;
}

/** The other end of the handle: notes the reports and gives each the next answer, the last one for ever. */
async function serveHandle(...answers: ((response: ServerResponse) => void)[]) {
  const reports: Report[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      reports.push({ method, url, headers, body: JSON.parse(text), atMs: performance.now() });
      const answer = answers[Math.min(reports.length, answers.length) - 1];
      if (answer) answer(response);
      else response.end();
    });
  });
  const url = await listen(server);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url, reports };
}

const status = (code: number) => (response: ServerResponse) => response.writeHead(code).end();

async function serveReceiver(options?: Parameters<typeof createReceiver>[0]) {
  const receiver = createReceiver(options);
  const url = await listen(receiver.server);
  closers.push(() => receiver.close());
  const read = async <T>(path: string): Promise<T[]> => {
    const value: T[] = JSON.parse(await (await fetch(url + path)).text());
    return value;
  };
  return {
    url,
    calls: (query = '') => read<CallRecord>(`/calls${query}`),
    notifications: (query = '') => read<NotificationRecord>(`/notifications${query}`),
    work: (handle: string, body: object, headers: Record<string, string> = {}, run = 'r') =>
      fetch(`${url}/work?run=${run}&handle=${encodeURIComponent(handle)}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers,
      }),
  };
}

const quick = { duration_ms: 0, outcome: 'Success' };

test('answers at once with an empty 202, reports the end after its time, and remembers both', async () => {
  const api = await serveHandle();
  const receiver = await serveReceiver({ token: 'secret' });
  const beforeMs = performance.timeOrigin + performance.now();
  const response = await receiver.work(
    `${api.url}/task/1?attempt=2`,
    { duration_ms: 80, outcome: 'Failure', failure_reason: 'broken', local_id: 'a' },
    { 'X-Task-Id': '1', 'X-Task-Claim': '17' },
  );
  expect(response.status).toBe(202);
  expect(await response.text()).toBe('');
  await vi.waitFor(async () => expect((await receiver.calls())[0]?.end?.status).toBe(200), PATIENCE);
  expect(api.reports).toMatchObject([
    {
      method: 'PATCH',
      url: '/task/1?attempt=2',
      body: { status: 'Failure', failure_reason: 'broken' },
      headers: { authorization: 'Bearer secret' },
    },
  ]);
  const [record] = await receiver.calls('?run=r');
  expect(record).toMatchObject({
    task_id: '1',
    run: 'r',
    local_id: 'a',
    starts: [{ claim: '17' }],
    end: { outcome: 'Failure', tries: 1 },
  });
  const startedAtMs = record?.starts[0]?.at_ms ?? 0;
  const sentAtMs = record?.end?.sent_at_ms ?? 0;
  expect(startedAtMs).toBeGreaterThan(beforeMs);
  expect(sentAtMs - startedAtMs).toBeGreaterThan(78);
  expect(record?.end?.answered_at_ms).toBeGreaterThan(sentAtMs);
  expect(await receiver.calls('?run=other')).toEqual([]);
});

test('progress comes spread over the time, all of it before the end', async () => {
  const api = await serveHandle();
  const receiver = await serveReceiver();
  const beganMs = performance.now();
  await receiver.work(`${api.url}/task/1`, { duration_ms: 90, outcome: 'Success', progress: 2 });
  await vi.waitFor(() => expect(api.reports).toHaveLength(3), PATIENCE);
  expect(api.reports.map(({ method, body }) => [method, body])).toEqual([
    ['PUT', { new_success: 1 }],
    ['PUT', { new_success: 1 }],
    ['PATCH', { status: 'Success' }],
  ]);
  // None before its time. On a crowded machine they may be late, and then close to each other.
  const afterMs = api.reports.map(({ atMs }) => atMs - beganMs);
  expect(afterMs[0]).toBeGreaterThan(28);
  expect(afterMs[1]).toBeGreaterThan(58);
  expect(afterMs[2]).toBeGreaterThan(88);
});

test('the end is reported again after no answer, 500 and 503, until there is an answer', async () => {
  const api = await serveHandle((response) => response.destroy(), status(500), status(503), status(200));
  const receiver = await serveReceiver();
  await receiver.work(`${api.url}/task/1`, quick);
  await vi.waitFor(async () => expect((await receiver.calls())[0]?.end?.status).toBe(200), PATIENCE);
  expect((await receiver.calls())[0]?.end?.tries).toBe(4);
});

test('409 ends the reporting', async () => {
  const api = await serveHandle(status(409));
  const receiver = await serveReceiver();
  await receiver.work(`${api.url}/task/1`, quick);
  await vi.waitFor(
    async () => expect((await receiver.calls())[0]?.end).toMatchObject({ status: 409, tries: 1 }),
    PATIENCE,
  );
});

test('a second call with the same key is noted and not worked on again; a new key is new work', async () => {
  const api = await serveHandle();
  const receiver = await serveReceiver();
  const call = (key: string, claim: string) =>
    receiver.work(`${api.url}/task/1`, quick, {
      'X-Task-Id': '1',
      'Idempotency-Key': key,
      'X-Task-Claim': claim,
    });
  await call('1:start', '1');
  await call('1:start', '2');
  await call('1:start:attempt:2', '3');
  await vi.waitFor(() => expect(api.reports).toHaveLength(2), PATIENCE);
  const records = await receiver.calls();
  expect(records).toHaveLength(1);
  expect(records[0]?.starts.map((start) => start.claim)).toEqual(['1', '2', '3']);
});

test.each([
  ['no handle', '', quick, 'handle'],
  ['no outcome', 'http://h', { duration_ms: 1 }, 'outcome'],
  ['a negative time', 'http://h', { ...quick, duration_ms: -1 }, 'duration_ms'],
  ['half a report', 'http://h', { ...quick, progress: 0.5 }, 'progress'],
])('%s is refused', async (_name, handle, body, field) => {
  const receiver = await serveReceiver();
  const response = await receiver.work(handle, body);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(field);
  expect(await receiver.calls()).toEqual([]);
});

test('notifications are noted with what they carry, and forgotten on request', async () => {
  const receiver = await serveReceiver();
  const response = await fetch(`${receiver.url}/notify?run=x`, {
    method: 'PUT',
    body: '{"arcrun":{"counts":{"success":1}}}',
    headers: {
      'X-Task-Trigger': 'batch_complete',
      'X-Batch-Id': 'b',
      'Idempotency-Key': 'batch:b:complete',
    },
  });
  expect(response.status).toBe(204);
  await fetch(`${receiver.url}/notify?run=y`, { method: 'POST', body: 'x'.repeat(5000) });
  expect(await receiver.notifications('?run=x')).toMatchObject([
    {
      run: 'x',
      trigger: 'batch_complete',
      task_id: null,
      batch_id: 'b',
      idempotency_key: 'batch:b:complete',
      body: { arcrun: { counts: { success: 1 } } },
    },
  ]);
  expect((await receiver.notifications()).map((one) => one.body)).toEqual([
    { arcrun: { counts: { success: 1 } } },
    null,
  ]);
  expect((await fetch(`${receiver.url}/calls`, { method: 'DELETE' })).status).toBe(204);
  expect(await receiver.notifications()).toEqual([]);
});

test('an oversized body is 413, an unknown path 404, and it is healthy', async () => {
  const { url } = await serveReceiver();
  const big = await fetch(`${url}/notify`, { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) });
  expect(big.status).toBe(413);
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' });
});

test('only the last records are kept', async () => {
  const receiver = await serveReceiver({ recordLimit: 3 });
  for (const id of ['1', '2', '3', '4', '5']) {
    await receiver.work('http://127.0.0.1:1/', { ...quick, duration_ms: 60_000 }, { 'X-Task-Id': id });
    await fetch(`${receiver.url}/notify?run=${id}`, { method: 'POST' });
  }
  expect((await receiver.calls()).map((record) => record.task_id)).toEqual(['3', '4', '5']);
  expect((await receiver.notifications()).map((record) => record.run)).toEqual(['3', '4', '5']);
});

test('a bounded map forgets in the order of adding, also after it was cleared', () => {
  const map = new BoundedMap<number, string>(2);
  for (const key of [1, 2, 3]) map.add(key, `v${key}`);
  expect([map.get(1), ...map.values()]).toEqual([undefined, 'v2', 'v3']);
  map.clear();
  for (const key of [4, 5, 6]) map.add(key, `v${key}`);
  expect([...map.values()]).toEqual(['v5', 'v6']);
});

test('as a process it says where it listens, and ends on SIGTERM with work under way', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closers.push(() => child.kill('SIGKILL'));
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const url = await vi.waitUntil(() => /http:\S+/.exec(printed)?.[0], { timeout: 10_000 });
  await fetch(`${url}/work?handle=${encodeURIComponent(url)}`, {
    method: 'POST',
    body: JSON.stringify({ ...quick, duration_ms: 60_000 }),
  });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
