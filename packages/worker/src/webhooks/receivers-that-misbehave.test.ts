import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, LookupFunction, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { guardedLookup } from './guarded-lookup.ts';
import { WebhookClient } from './webhook-client.ts';

const MIB = 1_048_576;

let server: Server;
let answer: (response: ServerResponse) => void;
let calls: { readonly target: string | undefined; readonly socket: Socket }[];
const clients: WebhookClient[] = [];

beforeEach(async () => {
  calls = [];
  server = createServer((request, response) => {
    calls.push({ target: request.url, socket: request.socket });
    request.resume();
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const client of clients.splice(0)) client.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const portOf = () => (server.address() as AddressInfo).port;

function aClient(timeoutMs = 2000, lookup?: LookupFunction): WebhookClient {
  const client = new WebhookClient({ timeoutMs, lookup });
  clients.push(client);
  return client;
}

const call = (client: WebhookClient, host = '127.0.0.1', path = '/') =>
  client.call({ url: `http://${host}:${portOf()}${path}`, method: 'POST', headers: {}, body: '{}' });

describe('an answer', () => {
  // proves: webhooks/time-limit
  test('that does not come in time is none', async () => {
    answer = () => undefined;
    const beganMs = performance.now();
    expect(await call(aClient(200))).toMatchObject({ answered: false, isBlocked: false });
    expect(performance.now() - beganMs).toBeLessThan(1500);
  });

  // proves: webhooks/answer-limit
  test.each([
    [MIB, MIB],
    [MIB + 1, undefined],
    [50 * MIB, undefined],
  ])('of %i bytes is read, or cut off', async (size, read) => {
    answer = (response) => response.writeHead(201).end(Buffer.alloc(size, 97));
    const answered = await call(aClient());
    expect(answered).toMatchObject({ answered: true, status: 201 });
    expect(answered.answered && answered.body?.length).toBe(read);
  });

  // proves: webhooks/answer-stalls
  test('whose body stalls is its status line', async () => {
    answer = (response) => response.writeHead(200, { 'content-length': '100' }).write('{"kind":');
    expect(await call(aClient(200))).toEqual({
      answered: true,
      status: 200,
      body: null,
      retryAfter: undefined,
    });
  });

  // proves: webhooks/answer-stalls
  test('that breaks off in its body is its status line', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"kind":', () => response.destroy());
    };
    expect(await call(aClient())).toMatchObject({ answered: true, status: 200, body: null });
  });

  // proves: webhooks/start-other
  test('that leads elsewhere is not followed', async () => {
    answer = (response) => response.writeHead(307, { location: '/elsewhere' }).end();
    expect(await call(aClient(), '127.0.0.1', '/here')).toMatchObject({ answered: true, status: 307 });
    expect(calls.map(({ target }) => target)).toEqual(['/here']);
  });
});

describe('a connection', () => {
  const connections = () => new Set(calls.map(({ socket }) => socket)).size;

  // proves: webhooks/idle-connection
  test('is kept, but not used again after 4 s', { timeout: 10_000 }, async () => {
    server.keepAliveTimeout = 60_000;
    answer = (response) => response.writeHead(200).end();
    const client = aClient();
    await call(client);
    await delay(500);
    await call(client);
    expect(connections()).toBe(1);
    await delay(4200);
    await call(client);
    expect(connections()).toBe(2);
  });

  // proves: webhooks/idle-announced
  test('is not used again in the last second that the receiver announced', async () => {
    // It says "timeout=2".
    server.keepAliveTimeout = 2000;
    answer = (response) => response.writeHead(200).end();
    const client = aClient();
    await call(client);
    await delay(600);
    await call(client);
    expect(connections()).toBe(1);
    await delay(1200);
    await call(client);
    expect(connections()).toBe(2);
  });

  // proves: webhooks/time-limit
  test('may be silent for longer while an answer is awaited', { timeout: 10_000 }, async () => {
    answer = (response) => void setTimeout(() => response.writeHead(200).end('late'), 4500);
    expect(await call(aClient(8000))).toMatchObject({ answered: true, status: 200, body: 'late' });
  });

  // proves: webhooks/no-proxy
  test.each(['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'])('leads past %s', async (name) => {
    vi.stubEnv(name, 'http://127.0.0.1:9');
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    answer = (response) => response.writeHead(200).end();
    expect(await call(aClient())).toMatchObject({ answered: true, status: 200 });
  });

  // proves: webhooks/ssrf-at-connect
  test('to a name that leads to an address that is not public is refused', async () => {
    answer = (response) => response.writeHead(200).end();
    expect(await call(aClient(2000, guardedLookup), 'localhost')).toEqual({
      answered: false,
      error: expect.stringMatching(/^localhost resolves to the blocked address /),
      isBlocked: true,
    });
    expect(calls).toEqual([]);
  });
});
