import { createServer, type IncomingMessage, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiError } from '../http/errors.ts';
import { readJsonBytes } from './read-body.ts';

const MAX_BYTES = 1000;

let server: Server;
let outcome: Promise<unknown>;
beforeAll(async () => {
  server = createServer((request, response) => {
    outcome = readJsonBytes(request, { maxBytes: MAX_BYTES }).then(String);
    outcome.then(
      () => response.end('read'),
      (error: unknown) =>
        response.writeHead(error instanceof ApiError ? error.status : 500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends a body in pieces, chunked when no length is announced. */
async function post(
  pieces: readonly (string | Buffer)[],
  headers: Record<string, string> = {},
): Promise<number> {
  const { port } = server.address() as AddressInfo;
  const request = send({
    port,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    agent: false,
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  for (const piece of pieces) {
    request.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  request.end();
  const response = await answered;
  response.resume();
  return response.statusCode!;
}

test('a body in pieces is put together, across the bytes of one character', async () => {
  const bytes = Buffer.from('{"name":"é"}');
  expect(await post([bytes.subarray(0, 10), bytes.subarray(10)])).toBe(200);
  expect(await outcome).toBe('{"name":"é"}');
});

// proves: http/not-announced-as-json
test.each([
  ['none', 200, 'application/json'],
  ['a charset', 200, 'application/json; charset=utf-8'],
  ['a suffix', 200, 'application/merge-patch+json'],
  ['upper case', 200, 'Application/JSON'],
  ['a form', 400, 'application/x-www-form-urlencoded'],
  ['text', 400, 'text/plain'],
  ['a look-alike', 400, 'application/jsonp'],
])('announced with %s: %i', async (_name, status, type) => {
  expect(await post(['{}'], { 'content-type': type })).toBe(status);
});

// proves: http/empty-body
test('an empty body is 400, whatever it is announced as', async () => {
  expect(await post([])).toBe(400);
  await expect(outcome).rejects.toMatchObject({ fields: { details: ['body: must not be empty'] } });
});

// proves: http/too-large
test('a body that grows beyond the limit is 413, announced or not', async () => {
  const large = `"${'x'.repeat(MAX_BYTES)}"`;
  expect(await post([large])).toBe(413);
  expect(await post([large], { 'content-length': String(large.length) })).toBe(413);
  const exact = `"${'x'.repeat(MAX_BYTES - 2)}"`;
  expect(await post([exact])).toBe(200);
});

test('an encoded body is 415', async () => {
  expect(await post(['{}'], { 'content-encoding': 'gzip' })).toBe(415);
});

test('a client that goes away in the middle ends the reading', async () => {
  const { port } = server.address() as AddressInfo;
  const request = send({
    port,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    agent: false,
  });
  request.on('error', () => undefined);
  const before = outcome;
  request.write('{"a":');
  await expect.poll(() => outcome !== before).toBe(true);
  request.destroy();
  await expect(outcome).rejects.toThrow();
});
