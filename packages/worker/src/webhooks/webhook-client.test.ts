import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebhookClient } from './webhook-client.ts';

interface Seen {
  readonly target: string | undefined;
  readonly method: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let url: string;
let seen: Seen[];
let client: WebhookClient;

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ target: request.url, method: request.method, headers: request.headers, body });
      response.end('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  client = new WebhookClient({ timeoutMs: 2000, lookup: undefined });
});
afterEach(async () => {
  client.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

// proves: webhooks/body-any-verb
test.each(METHODS)('%s without a body is sent at once, and without one', async (method) => {
  const answer = await client.call({ url, method, headers: {}, body: null });
  expect(answer).toMatchObject({ answered: true, status: 200, body: 'ok' });
  expect(seen).toMatchObject([{ method, body: '' }]);
  expect(seen[0]!.headers['transfer-encoding']).toBeUndefined();
  expect(seen[0]!.headers['content-length'] ?? '0').toBe('0');
});

// proves: webhooks/body-any-verb, webhooks/content-length
test.each(METHODS)('%s with a body carries it with its length, not chunked', async (method) => {
  const body = '{"a":"ü"}';
  const headers = { 'content-type': 'application/json' };
  expect(await client.call({ url, method, headers, body })).toMatchObject({ answered: true, status: 200 });
  expect(seen).toMatchObject([{ method, body, headers: { 'content-length': '10' } }]);
  expect(seen[0]!.headers['transfer-encoding']).toBeUndefined();
});

// proves: webhooks/handle
test.each([
  ['/a%2Fb/../c//d/./?x=%zz&&y={|}[]', undefined],
  ['?x', '/?x'],
  ['', '/'],
  ['/ü?ü=ü#ü', '/%C3%BC?%C3%BC=%C3%BC'],
])('the path %s goes out as it was written', async (path, target = path) => {
  const base = new URL(url).origin;
  expect(await client.call({ url: base + path, method: 'GET', headers: {}, body: null })).toMatchObject({
    status: 200,
  });
  expect(seen.map((call) => call.target)).toEqual([target]);
});

// proves: webhooks/no-accept-encoding
test('no encoding is asked for, and an encoded answer is nobody’s JSON', async () => {
  await client.call({ url, method: 'POST', headers: {}, body: '{}' });
  expect(seen[0]!.headers).not.toHaveProperty('accept-encoding');
});

// proves: webhooks/user-headers
test('headers go out as they were given', async () => {
  const headers = {
    host: 'other.example',
    'user-agent': 'mine',
    'x-a': 'tab\tand é',
    accept: 'text/x',
    'x-empty': '',
  };
  await client.call({ url, method: 'POST', headers, body: '{}' });
  expect(seen[0]!.headers).toMatchObject(headers);
  await client.call({ url, method: 'POST', headers: {}, body: '{}' });
  const { host, connection, ...ours } = seen[1]!.headers;
  expect([host, connection]).toEqual([new URL(url).host, 'keep-alive']);
  // Nothing else of our own.
  expect(Object.keys(ours).toSorted()).toEqual(['content-length', 'user-agent']);
});
