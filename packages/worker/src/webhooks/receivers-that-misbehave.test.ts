import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, LookupFunction, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { askOnce, guardedLookup, guardLookup, type Resolve } from './guarded-lookup.ts';
import { type WebhookAnswer, WebhookClient } from './webhook-client.ts';

const MIB = 1_048_576;

interface Called {
  readonly targets: (string | undefined)[];
  readonly connections: Set<Socket>;
  readonly call: (path?: string, host?: string) => Promise<WebhookAnswer>;
}

interface Options {
  readonly timeoutMs?: number;
  /** How long the receiver keeps, and announces to keep, a connection. */
  readonly keepAliveMs?: number;
  readonly lookup?: LookupFunction;
  /** Ends what was made for it after the test. */
  readonly finally?: typeof onTestFinished;
}

/** A receiver that answers so, and a client that calls it. */
async function aReceiver(
  answer: (response: ServerResponse) => void,
  { timeoutMs = 2000, keepAliveMs = 60_000, lookup, finally: end = onTestFinished }: Options = {},
): Promise<Called> {
  const targets: (string | undefined)[] = [];
  const connections = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    targets.push(request.url);
    connections.add(request.socket);
    request.resume();
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new WebhookClient({ timeoutMs, lookup });
  end(async () => {
    client.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return {
    targets,
    connections,
    call: (path = '/', host = '127.0.0.1') =>
      client.call({ url: `http://${host}:${port}${path}`, method: 'POST', headers: {}, body: '{}' }),
  };
}

const ok = (response: ServerResponse): void => void response.writeHead(200).end();

describe('an answer', () => {
  // proves: webhooks/time-limit
  test('that does not come in time is none', async () => {
    const { call } = await aReceiver(() => undefined, { timeoutMs: 200 });
    const beganMs = performance.now();
    expect(await call()).toMatchObject({ answered: false, isBlocked: false });
    expect(performance.now() - beganMs).toBeLessThan(4000);
  });

  // proves: webhooks/answer-limit
  test.each([
    [MIB, MIB],
    [MIB + 1, undefined],
    [50 * MIB, undefined],
  ])('of %i bytes is read, or cut off', async (size, read) => {
    const { call } = await aReceiver((response) => response.writeHead(201).end(Buffer.alloc(size, 97)));
    const answered = await call();
    expect(answered).toMatchObject({ answered: true, status: 201 });
    expect(answered.answered && answered.body?.length).toBe(read);
  });

  // proves: webhooks/answer-stalls
  test('whose body stalls is its status line', async () => {
    const stall = (response: ServerResponse) =>
      void response.writeHead(200, { 'content-length': '100' }).write('{"kind":');
    const { call } = await aReceiver(stall, { timeoutMs: 200 });
    expect(await call()).toEqual({ answered: true, status: 200, body: null, retryAfter: undefined });
  });

  // proves: webhooks/answer-stalls
  test('that breaks off in its body is its status line', async () => {
    const { call } = await aReceiver((response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"kind":', () => response.destroy());
    });
    expect(await call()).toMatchObject({ answered: true, status: 200, body: null });
  });

  // proves: webhooks/start-other
  test('that leads elsewhere is not followed', async () => {
    const { call, targets } = await aReceiver((response) =>
      response.writeHead(307, { location: '/elsewhere' }).end(),
    );
    expect(await call('/here')).toMatchObject({ answered: true, status: 307 });
    expect(targets).toEqual(['/here']);
  });
});

// They wait beside each other.
describe.concurrent('a connection', () => {
  // proves: webhooks/idle-connection
  test('is kept, but not used again after 4 s', { timeout: 10_000 }, async ({ onTestFinished: end }) => {
    const { call, connections } = await aReceiver(ok, { finally: end });
    await call();
    await delay(500);
    await call();
    expect(connections.size).toBe(1);
    await delay(4200);
    await call();
    expect(connections.size).toBe(2);
  });

  // proves: webhooks/idle-announced
  test('is not used again in the last second announced', async ({ onTestFinished: end }) => {
    const { call, connections } = await aReceiver(ok, { keepAliveMs: 2000, finally: end });
    await call();
    await delay(500);
    await call();
    expect(connections.size).toBe(1);
    await delay(1200);
    await call();
    expect(connections.size).toBe(2);
  });

  // proves: webhooks/time-limit
  test('may be silent while an answer is awaited', { timeout: 10_000 }, async ({ onTestFinished: end }) => {
    const late = (response: ServerResponse) =>
      void setTimeout(() => response.writeHead(200).end('late'), 4500);
    const { call } = await aReceiver(late, { timeoutMs: 8000, finally: end });
    expect(await call()).toMatchObject({ answered: true, status: 200, body: 'late' });
  });
});

// proves: webhooks/no-proxy
test.each(['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'])('no proxy is asked: %s', async (name) => {
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv(name, 'http://127.0.0.1:9');
  vi.stubEnv('NODE_USE_ENV_PROXY', '1');
  const { call } = await aReceiver(ok);
  expect(await call()).toMatchObject({ answered: true, status: 200 });
});

// proves: webhooks/ssrf-at-connect
test('a name that leads to an address that is not public is not called', async () => {
  const { call, targets } = await aReceiver(ok, { lookup: guardedLookup });
  expect(await call('/', 'localhost')).toEqual({
    answered: false,
    error: expect.stringMatching(/^localhost resolves to the blocked address /),
    isBlocked: true,
  });
  expect(targets).toEqual([]);
});

// proves: webhooks/slow-receivers
test('a name is asked for once at a time, however many calls wait for it', () => {
  const answers: Parameters<Resolve>[2][] = [];
  const ask = askOnce((_hostname, _options, answer) => answers.push(answer));
  const heard: string[] = [];
  const listen =
    (who: string): Parameters<Resolve>[2] =>
    (error, addresses) =>
      heard.push(`${who}: ${error?.message ?? addresses[0]!.address}`);
  for (const who of ['a', 'b', 'c']) ask('silent.example', { all: true }, listen(who));
  ask('other.example', { all: true }, listen('d'));
  expect(answers).toHaveLength(2);
  answers[0]!(new Error('no answer'), []);
  answers[1]!(null, [{ address: '203.1.113.9', family: 4 }]);
  expect(heard).toEqual(['a: no answer', 'b: no answer', 'c: no answer', 'd: 203.1.113.9']);
  ask('silent.example', { all: true }, listen('e'));
  expect(answers).toHaveLength(3);
});

// proves: webhooks/ssrf-at-connect
test('a name that was public a moment ago is judged anew at each connection', async () => {
  const answers = [
    ['203.1.113.9'],
    ['127.0.0.1'],
    ['203.1.113.9', '127.0.0.1'],
    ['::ffff:127.0.0.1'],
    ['::1'],
  ];
  const asked: string[] = [];
  const lookup = guardLookup((hostname, _options, callback) => {
    asked.push(hostname);
    const addresses = answers[(asked.length - 1) % answers.length]!;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  });
  const { call, targets } = await aReceiver(ok, { lookup });
  const connectTo = vi.fn<Parameters<LookupFunction>[2]>();
  lookup('rebinding.example', {}, connectTo);
  expect(connectTo.mock.calls).toEqual([[null, '203.1.113.9', 4]]);
  for (const _ of answers.slice(1))
    expect(await call('/', 'rebinding.example')).toMatchObject({ answered: false, isBlocked: true });
  expect(asked).toEqual(answers.map(() => 'rebinding.example'));
  expect(targets).toEqual([]);
});
