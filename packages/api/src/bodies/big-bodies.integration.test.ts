import { once } from 'node:events';
import { type ClientRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';
import { BIG_BODY_BYTES } from './body-gate.ts';

const MIB = BIG_BODY_BYTES;

let api: RunningApi;
/** The one that reads, or has read last. */
let thread: Worker;
beforeAll(async () => {
  process.on('worker', (started) => (thread = started));
  api = await startApi({
    templateUrl: inject('templateUrl'),
    redisUrl: inject('redisUrl'),
    settings: { BIG_BODIES_MAX_BYTES: String(6 * MIB) },
  });
});
afterAll(() => api.close());

const onStart = { kind: 'Webhook', params: { url: 'https://receiver.example/start', verb: 'Post' } };
const aTask = (id: string, rest: object = {}) => ({ id, name: id, kind: 'k', on_start: onStart, ...rest });
const needs = (id: string) => ({ dependencies: [{ id, requires_success: true }] });
const matcher = { status: 'Running', kind: 'k', fields: ['t'] };

const asText = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));
/** The same request, but big: blanks at the end change nothing. */
const inflated = (body: unknown, bytes = 2 * MIB) => asText(body).padEnd(bytes, ' ');
const post = (body: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', '/task', { body: asText(body), headers });

// proves: http/big-bodies
describe('a big body is read as a small one is', () => {
  test('the created tasks are the same', async () => {
    const batch = {
      tasks: [
        aTask('b', { ...needs('a'), metadata: { t: 'ü', n: 12345678901234567890n.toString() } }),
        aTask('a', {
          expected_count: 3,
          rules: [{ type: 'Capacity', max_capacity: 5, matcher }],
          on_success: [onStart],
          on_failure: [onStart, onStart],
        }),
      ],
      scope: 'both',
      metadata: { n: 1 },
      on_batch_complete: [onStart],
    };
    const created = async (body: string) => {
      const { status, headers, json } = await post(body);
      expect(status).toBe(201);
      const batchId = headers.get('x-batch-id');
      expect((await api.call('GET', `/task?batch_id=${batchId}`)).json).toEqual(json);
      const tasks = await Promise.all(
        json.map(async ({ id }: { id: string }) => (await api.call('GET', `/task/${id}`)).text),
      );
      const links = (await api.call('GET', `/dag/${batchId}`)).text;
      const ids = [batchId, ...json.map(({ id }: { id: string }) => id)];
      const text = [...tasks, links].join('\n').replaceAll(/"\d{4}-\d\d-[^"]*Z"/g, 'TIME');
      return ids.reduce<string>((result, id, index) => result.replaceAll(id, `ID ${index}`), text);
    };
    const body = asText(batch).replace('"12345678901234567890"', '12345678901234567890');
    expect(await created(inflated(body))).toBe(await created(body));
  });

  test.each<[what: string, body: unknown]>([
    ['no tasks', []],
    ['nothing', ''],
    ['a number', 7],
    ['malformed', '[{"id":"a",}]'],
    ['a wrong type', [aTask('a', { priority: 'high' })]],
    ['many errors', Array.from({ length: 200 }, (_, i) => ({ id: `t${i}`, name: 1, kind: '' }))],
    ['a cycle', [aTask('a', needs('b')), aTask('b', needs('a'))]],
    ['a private address', [aTask('a', { on_start: { ...onStart, params: { url: 'http://10.0.0.1/' } } })]],
    ['NUL', [aTask('a', { metadata: { deep: ['\0'] } })]],
    ['a lone surrogate', '[{"id":"a","name":"\\ud800"}]'],
    ['1e400', '[{"id":"a","metadata":1e400}]'],
    ['10,000 levels', `[{"id":"a","metadata":${'['.repeat(10_000)}${']'.repeat(10_000)}}]`],
    ['10,000 levels around', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['large metadata', [aTask('a', { metadata: 'x'.repeat(65_536) })]],
    ['a wrong policy', [aTask('a', { retry: { max_attempts: 101, on: ['boredom'] } })]],
    [
      '33 ways to look at a kind',
      Array.from({ length: 33 }, (_, i) => ({
        ...aTask(`t${i}`),
        rules: [{ type: 'Concurency', max_concurency: 1, matcher: { ...matcher, fields: [`f${i}`] } }],
      })),
    ],
  ])('the answer is the same: %s', async (_what, body) => {
    const small = await post(body);
    const big = await post(inflated(body));
    // Nothing but blanks is not nothing.
    if (body === '') expect([big.status, small.status]).toEqual([400, 400]);
    else expect([big.status, big.text]).toEqual([small.status, small.text]);
  });

  test('bytes that are no UTF-8 are 400', async () => {
    const body = Buffer.alloc(2 * MIB, ' ');
    body.set([0x22, 0xff, 0x22]);
    const { status, json } = await api.call('POST', '/task', { body });
    expect([status, json.details]).toEqual([400, ['body: the body is not valid UTF-8']]);
  });

  test('a key makes it repeatable', async () => {
    const key = { 'idempotency-key': 'big' };
    const first = await post(inflated([aTask('a')]), key);
    expect(first.status).toBe(201);
    const again = await post(inflated([aTask('a')]), key);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect((await post(inflated([aTask('a')], 2 * MIB + 1), key)).status).toBe(422);
    expect((await post([aTask('a')], key)).status).toBe(422);
  });

  test('duplicates are left out', async () => {
    const looking = (kind: string, value: number) => ({
      kind,
      metadata: { t: value },
      dedupe_strategy: [{ status: 'Pending', kind, fields: ['t'] }],
    });
    const answers = async (kind: string, grow: (body: unknown) => string) => {
      await post(grow([aTask('there', looking(kind, 1))]));
      const some = await post(
        grow([
          aTask('first', looking(kind, 1)),
          aTask('second', { ...looking(kind, 2), ...needs('first') }),
          aTask('twin', looking(kind, 2)),
          aTask('last', needs('second')),
        ]),
      );
      const none = await post(grow([aTask('one', looking(kind, 1)), aTask('two', looking(kind, 2))]));
      const names = some.json.map(({ name, status }: Record<string, string>) => [name, status]);
      return [some.status, names, none.status, none.text];
    };
    const expected = [
      201,
      [
        ['second', 'Pending'],
        ['last', 'Waiting'],
      ],
      204,
      '',
    ];
    expect(await answers('small', asText)).toEqual(expected);
    expect(await answers('big', inflated)).toEqual(expected);
  });

  test('changes, counters and rules too', async () => {
    const { json, headers } = await post([aTask('a'), aTask('b')]);
    const call = (method: string, path: string, body: unknown) =>
      api.call(method, path, { body: inflated(body) });
    expect((await call('PUT', `/task/${json[0].id}`, { new_success: 2 })).status).toBe(202);
    expect((await call('PUT', `/task/${json[0].id}`, { new_success: 0 })).json.details).toEqual([
      'new_success: new_success and new_failures must not both be zero',
    ]);
    expect((await call('PATCH', `/task/${json[0].id}`, { metadata: { t: 1 } })).status).toBe(200);
    expect((await call('PATCH', `/task/${json[0].id}`, { priority: 'x' })).status).toBe(400);
    const rules = [{ type: 'Concurency', max_concurency: 1, matcher }];
    const path = `/batch/${headers.get('x-batch-id')}/rules`;
    expect((await call('PATCH', path, { kind: 'k', rules })).json.updated_count).toBe(2);
    expect((await api.call('GET', `/task/${json[0].id}`)).json).toMatchObject({
      success: 2,
      metadata: { t: 1 },
      rules,
    });
  });
});

describe('the gate', () => {
  interface Upload {
    readonly sent: ClientRequest;
    readonly answer: Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>;
  }

  /** Sends the head of a request, by default of one whose body comes in pieces of unknown number. */
  function upload(headers: OutgoingHttpHeaders = {}): Upload {
    const { promise: answer, resolve, reject } = Promise.withResolvers<Awaited<Upload['answer']>>();
    const options = {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', ...headers },
    };
    const sent = request(`${api.url}/task`, options, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    sent.on('error', reject).flushHeaders();
    answer.catch(() => undefined);
    return { sent, answer };
  }

  /** Takes all of the room for two bodies that are still to come. */
  async function fill(): Promise<Upload[]> {
    const uploads = [0, 1].map(() => upload({ 'content-length': 3 * MIB, expect: '100-continue' }));
    // Said when the request is looked at.
    await Promise.all(uploads.map(({ sent }) => once(sent, 'continue')));
    return uploads;
  }

  const untilThereIsRoom = () =>
    expect.poll(async () => (await post(inflated([], 3 * MIB))).status, { timeout: 10_000 }).toBe(204);

  // proves: http/big-bodies
  test('what has no room is 503 before its body is sent, and small bodies pass', async () => {
    const uploads = await fill();
    const { status, headers, body } = await upload({ 'content-length': 2 * MIB }).answer;
    expect([status, headers['retry-after'], headers.connection]).toEqual([503, '1', 'close']);
    expect(JSON.parse(body)).toMatchObject({ status: 503, code: 'unavailable', error: expect.any(String) });
    expect((await post([aTask('a')])).status).toBe(201);
    for (const { sent } of uploads) sent.end(inflated([], 3 * MIB));
    for (const { answer } of uploads) expect((await answer).status).toBe(204);
    await untilThereIsRoom();
  });

  // proves: http/big-bodies
  test('a body of unknown size is 503 when it has become big', async () => {
    const uploads = await fill();
    const { sent, answer } = upload();
    sent.write(`[${' '.repeat(2 * MIB)}`);
    expect((await answer).status).toBe(503);
    sent.destroy();
    for (const each of uploads) each.sent.destroy();
    await untilThereIsRoom();
  });

  test('what was begun and given up leaves its room to others', async () => {
    for (const { sent } of await fill()) sent.destroy();
    await untilThereIsRoom();
    // Given up when it has been sent, while it is worked on.
    for (const { sent } of await fill())
      sent.end(inflated([aTask('given-up')], 3 * MIB), () => sent.destroy());
    await untilThereIsRoom();
  });

  // proves: metrics/body-refusals
  test('what is refused is counted, by its reason', async () => {
    const refusals = async () => {
      const { text } = await api.call('GET', '/metrics');
      const counts = text.matchAll(/^body_refusals_total\{reason="(\w+)"\} (\d+)$/gm);
      return Object.fromEntries(Array.from(counts, ([, reason, count]) => [reason, Number(count)]));
    };
    const before = await refusals();
    const uploads = await fill();
    expect((await upload({ 'content-length': 2 * MIB }).answer).status).toBe(503);
    expect((await upload({ 'content-length': 1024 * MIB }).answer).status).toBe(413);
    expect((await upload({ 'content-length': 2, 'content-encoding': 'gzip' }).answer).status).toBe(415);
    for (const { sent } of uploads) sent.destroy();
    await untilThereIsRoom();
    const after = await refusals();
    expect([after['too_large']! - before['too_large']!, after['encoded']! - before['encoded']!]).toEqual([
      1, 1,
    ]);
    expect(after['no_room']).toBeGreaterThan(before['no_room'] ?? 0);
  });

  test('of many at once some are 503, and then all goes on', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(inflated([], 3 * MIB))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204, 503]));
    await untilThereIsRoom();
  });
});

test('a thread that has nothing to do is ended, with the memory that it has taken', async () => {
  await post(inflated([]));
  await once(thread, 'exit');
  expect((await post(inflated([]))).status).toBe(204);
});

describe('a thread that dies', () => {
  test('of a body fails that call alone', async () => {
    await post(inflated([]));
    // It gets a body and is gone.
    vi.spyOn(thread, 'postMessage').mockImplementationOnce(() => void thread.terminate());
    const answers = await Promise.all([post(inflated([aTask('a')])), post(inflated([aTask('a')]))]);
    const codes = answers.map(({ status, json }) => [status, json.code]);
    expect(codes).toContainEqual([500, 'internal']);
    expect(codes).toContainEqual([201, undefined]);
    expect((await post(inflated([aTask('b')]))).status).toBe(201);
  });

  test('while duplicates are looked for leaves nothing behind', async () => {
    const task = aTask('a', {
      kind: 'lost',
      dedupe_strategy: [{ status: 'Pending', kind: 'lost', fields: [] }],
    });
    const other = await api.database.pool.connect();
    await other.query('begin');
    // All that look for duplicates wait.
    await other.query('select pg_advisory_xact_lock(7003, bucket) from generate_series(0, 255) bucket');
    const lost = post(inflated([task]));
    // Other files wait for locks of their own, on the same server.
    const waiting = `select from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
    await expect.poll(async () => (await other.query(waiting)).rowCount).toBe(1);
    await thread.terminate();
    await other.query('rollback');
    other.release();
    const { status, headers } = await lost;
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect((await api.call('GET', '/task?kind=lost')).json).toEqual([]);
    expect((await post(inflated([task]))).status).toBe(201);
  });
});
