import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
});
afterAll(() => api.close());

const onStart = { kind: 'Webhook', params: { url: 'https://receiver.example/start', verb: 'Post' } };
const aTask = (id: string, rest: object = {}) => ({ id, name: id, kind: 'k', on_start: onStart, ...rest });
const post = (body: unknown, headers?: Record<string, string>) =>
  api.call('POST', '/task', { body, ...(headers && { headers }) });
const NUL = String.fromCharCode(0);
const LONE_SURROGATE = '"\\ud800"';

describe('a batch is created', () => {
  // proves: http/create-201, http/snake-case, http/null-is-absent, http/times, http/ids, http/basic-task,
  // http/deps-any-order, lifecycle/created-waiting
  test('from an array, answered in input order with X-Batch-ID', async () => {
    const { status, headers, json } = await post([
      aTask('b', { dependencies: [{ id: 'a', requires_success: true }], priority: 7, expected_count: 3 }),
      aTask('a', { dead_end_barrier: true, timeout: null, metadata: null, on_success: null }),
    ]);
    expect(status).toBe(201);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(json).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        name: 'b',
        kind: 'k',
        status: 'Waiting',
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
        started_at: null,
        success: 0,
        failures: 0,
        expected_count: 3,
        ended_at: null,
        batch_id: headers.get('x-batch-id'),
        dead_end_barrier: false,
        priority: 7,
        attempt: 1,
        max_attempts: 1,
        rerun_of: null,
      },
      expect.objectContaining({ name: 'a', status: 'Pending', dead_end_barrier: true, priority: 0 }),
    ]);
    // What was answered is what is there.
    const listed = await api.call('GET', `/task?batch_id=${headers.get('x-batch-id')}`);
    expect(listed.json).toEqual(json);
  });

  // proves: http/batch-object, http/unknown-fields
  test('from an object, with scope, metadata and its own actions', async () => {
    const { status, headers } = await post({
      tasks: [aTask('a')],
      scope: 'nightly',
      metadata: { n: 1 },
      on_batch_complete: [onStart],
      unknown_field: 'is ignored',
    });
    expect(status).toBe(201);
    const { json } = await api.call('GET', '/batches?scope=nightly');
    expect(json).toMatchObject([
      {
        batch_id: headers.get('x-batch-id'),
        scope: 'nightly',
        metadata: { n: 1 },
        remaining: 1,
        kinds: ['k'],
      },
    ]);
  });

  // proves: http/create-204, http/batch-always-known
  test.each([['[]'], ['{"tasks":[]}']])('without tasks: %s is 204, and is a batch', async (body) => {
    const { status, headers, text } = await post(body);
    expect([status, text]).toEqual([204, '']);
    const id = headers.get('x-batch-id');
    expect((await api.call('GET', `/batch/${id}`)).json).toEqual({
      batch_id: id,
      total_tasks: 0,
      total_success: 0,
      total_failures: 0,
      total_expected: 0,
      status_counts: {
        waiting: 0,
        pending: 0,
        claimed: 0,
        running: 0,
        success: 0,
        failure: 0,
        paused: 0,
        canceled: 0,
      },
      rerun_of: null,
      reruns: [],
    });
  });

  // proves: http/digits, http/proto-is-data, settings/secrets-returned
  test('metadata and bodies come back as they were given, digit for digit', async () => {
    const metadata =
      '{"big":9007199254740993,"neg":-9223372036854775808,"f":1.10,"__proto__":{"a":1},"constructor":2}';
    const body = '{"z":9223372036854775807,"a":[1.0,"ü",null]}';
    const { status, json } = await post(
      `[{"id":"a","name":"n","kind":"k","metadata":${metadata},"on_start":{"kind":"Webhook","params":` +
        `{"url":"https://receiver.example/","verb":"Put","body":${body},"headers":{"X-Two":"2","x-one":"1"}}}}]`,
    );
    expect(status).toBe(201);
    const { text } = await api.call('GET', `/task/${json[0].id.toUpperCase()}`);
    for (const part of ['9007199254740993', '-9223372036854775808', '"__proto__"', '"constructor"']) {
      expect(text).toContain(part);
    }
    expect(text).toContain(`"body":${body},"headers":{"X-Two":"2","x-one":"1"}`);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  // proves: rules/both-spellings
  test('rules come back as they were given, in the spelling of the contract', async () => {
    const matcher = { status: 'Running', kind: 'k', fields: ['t'] };
    const { json } = await post([
      aTask('a', {
        expected_count: 1,
        rules: [
          { type: 'Concurrency', max_concurrency: 3, matcher },
          { type: 'Capacity', max_capacity: 5, matcher },
        ],
      }),
    ]);
    expect((await api.call('GET', `/task/${json[0].id}`)).json.rules).toEqual([
      { type: 'Concurency', max_concurency: 3, matcher },
      { type: 'Capacity', max_capacity: 5, matcher },
    ]);
  });
});

describe('a bad request is 400 and names the field', () => {
  const url = (value: string) => [
    aTask('a', { on_start: { ...onStart, params: { url: value, verb: 'Post' } } }),
  ];
  // proves: http/wrong-type, http/malformed-json, http/empty-body, http/error-shape, http/error-details,
  // http/not-storable, http/task-fields, http/task-blank, http/action-shape, http/deps-errors,
  // webhooks/ssrf-at-creation, webhooks/bad-headers
  test.each<[what: string, body: unknown, field: string]>([
    ['no name', [{ id: 'a', kind: 'k', on_start: onStart }], 'tasks[0].name'],
    ['a wrong type', [aTask('a', { priority: 'high' })], 'tasks[0].priority'],
    ['out of range', [aTask('a', { priority: 1001 })], 'tasks[0].priority'],
    ['a long timeout', [aTask('a', { timeout: 86_401 })], 'tasks[0].timeout'],
    ['a long name', [aTask('a', { name: 'x'.repeat(256) })], 'tasks[0].name'],
    ['a blank kind', [aTask('a', { kind: ' ' })], 'tasks[0].kind'],
    ['a second task', [aTask('a'), aTask('a')], 'tasks[1].id'],
    [
      'an unknown parent',
      [aTask('a', { dependencies: [{ id: 'x', requires_success: true }] })],
      'tasks[0].dependencies[0].id',
    ],
    [
      'itself as a parent',
      [aTask('a', { dependencies: [{ id: 'a', requires_success: true }] })],
      'tasks[0].dependencies[0].id',
    ],
    [
      'no verb',
      [aTask('a', { on_start: { kind: 'Webhook', params: { url: 'https://r.example' } } })],
      'tasks[0].on_start.params.verb',
    ],
    [
      'a verb in lower case',
      [aTask('a', { on_start: { ...onStart, params: { url: 'https://r.example', verb: 'post' } } })],
      'tasks[0].on_start.params.verb',
    ],
    ['a private address', url('http://10.0.0.1/'), 'tasks[0].on_start.params.url'],
    ['a loopback address in hex', url('http://0x7f.1/'), 'tasks[0].on_start.params.url'],
    ['a mapped address', url('http://[::ffff:7f00:1]/'), 'tasks[0].on_start.params.url'],
    ['a local name', url('http://db.internal./'), 'tasks[0].on_start.params.url'],
    ['not http', url('ftp://receiver.example/'), 'tasks[0].on_start.params.url'],
    [
      'a header with a line break',
      [aTask('a', { on_start: { ...onStart, params: { ...onStart.params, headers: { 'x-a': 'b\r\nc' } } } })],
      'tasks[0].on_start.params.headers',
    ],
    [
      'a header that is ours',
      [
        aTask('a', {
          on_start: { ...onStart, params: { ...onStart.params, headers: { 'Content-Length': '1' } } },
        }),
      ],
      'tasks[0].on_start.params.headers',
    ],
    ['NUL in a name', [aTask('a', { name: `a${NUL}b` })], 'tasks[0].name'],
    ['NUL in an id', [aTask(`a${NUL}`)], 'tasks[0].id'],
    ['NUL in metadata', [aTask('a', { metadata: { deep: [NUL] } })], 'tasks[0].metadata'],
    [
      'NUL in a body',
      [aTask('a', { on_start: { ...onStart, params: { ...onStart.params, body: { [NUL]: 1 } } } })],
      'tasks[0].on_start.params.body',
    ],
    [
      'NUL in a header',
      [aTask('a', { on_start: { ...onStart, params: { ...onStart.params, headers: { 'x-a': NUL } } } })],
      'tasks[0].on_start.params.headers',
    ],
    ['NUL in a scope', { tasks: [], scope: NUL }, 'scope'],
    [
      'a lone surrogate in a name',
      `[{"id":"a","name":${LONE_SURROGATE},"kind":"k","on_start":${JSON.stringify(onStart)}}]`,
      'tasks[0].name',
    ],
    [
      'a lone surrogate in metadata',
      `[{"id":"a","name":"n","kind":"k","metadata":{"a":${LONE_SURROGATE}},"on_start":${JSON.stringify(onStart)}}]`,
      'tasks[0].metadata',
    ],
    [
      '1e400',
      `[{"id":"a","name":"n","kind":"k","metadata":1e400,"on_start":${JSON.stringify(onStart)}}]`,
      'tasks[0].metadata',
    ],
    ['large metadata', [aTask('a', { metadata: 'x'.repeat(65_536) })], 'tasks[0].metadata'],
    [
      'capacity without expected_count',
      [
        aTask('a', {
          rules: [
            { type: 'Capacity', max_capacity: 1, matcher: { status: 'Running', kind: 'k', fields: [] } },
          ],
        }),
      ],
      'tasks[0].rules[0]',
    ],
    [
      'a matcher without kind',
      [
        aTask('a', {
          rules: [{ type: 'Concurency', max_concurency: 1, matcher: { status: 'Running', fields: [] } }],
        }),
      ],
      'tasks[0].rules[0].matcher.kind',
    ],
    [
      '0 for its own kind',
      [
        aTask('a', {
          rules: [
            { type: 'Concurency', max_concurency: 0, matcher: { status: 'Running', kind: 'k', fields: [] } },
          ],
        }),
      ],
      'tasks[0].rules[0].max_concurency',
    ],
    ['no tasks in an object', { scope: 'x' }, 'tasks'],
    ['a number', 7, 'body'],
    ['null', null, 'body'],
    ['malformed JSON', '[{', 'body'],
    ['nothing', '', 'body'],
    [
      '10,000 levels',
      `[{"id":"a","name":"n","kind":"k","metadata":${'['.repeat(10_000)}${']'.repeat(10_000)},"on_start":${JSON.stringify(onStart)}}]`,
      'tasks[0].metadata',
    ],
    [
      '33 ways to look at a kind',
      Array.from({ length: 33 }, (_, i) =>
        aTask(`t${i}`, {
          kind: 'crowded',
          rules: [
            {
              type: 'Concurency',
              max_concurency: 1,
              matcher: { status: 'Running', kind: 'crowded', fields: [`f${i}`] },
            },
          ],
        }),
      ),
      'rules',
    ],
  ])('%s', async (_what, body, field) => {
    const { status, json } = await post(body);
    expect(json).toMatchObject({ error: expect.any(String), status: 400 });
    expect(status).toBe(400);
    expect(json.details[0]).toMatch(new RegExp(`^${field.replaceAll(/[[\].]/g, '\\$&')}[^:]*: `));
  });

  // proves: http/all-errors
  test('all errors at once, the first 100', async () => {
    const { json } = await post(Array.from({ length: 60 }, (_, i) => ({ id: `t${i}`, name: 1, kind: '' })));
    expect(json.details).toHaveLength(100);
    expect(json.details[3]).toMatch(/^tasks\[1\]\./);
  });

  // proves: http/deps-cycle
  test('a cycle is named', async () => {
    const needs = (id: string) => ({ dependencies: [{ id, requires_success: false }] });
    const { json } = await post([
      aTask('a', needs('c')),
      aTask('b', needs('a')),
      aTask('c', needs('b')),
      aTask('d', needs('c')),
    ]);
    expect(json.details.join()).toMatch(
      /a -> c -> b -> a|a -> b -> c -> a|b -> a -> c -> b|c -> b -> a -> c/,
    );
  });

  // proves: http/limits
  test('more tasks, parents or actions than allowed', async () => {
    const small = await startApi({
      templateUrl: inject('templateUrl'),
      redisUrl: inject('redisUrl'),
      settings: { MAX_TASKS_PER_BATCH: '2', MAX_DEPS_PER_TASK: '1', MAX_ACTIONS_PER_TASK: '2' },
    });
    try {
      const refused = async (body: unknown) =>
        (await small.call('POST', '/task', { body })).json.details.join();
      expect(await refused([aTask('a'), aTask('b'), aTask('c')])).toMatch(/2/);
      const both = { dependencies: ['a', 'b'].map((id) => ({ id, requires_success: true })) };
      expect(await refused([aTask('a', both), aTask('b')])).toMatch(/^tasks\[0\]\.dependencies/);
      expect(await refused([aTask('a', { on_success: [onStart], on_failure: [onStart] })])).toMatch(
        /^tasks\[0\].*2/,
      );
    } finally {
      await small.close();
    }
  });

  // proves: http/create-all-or-nothing
  test('nothing of a refused batch is there', async () => {
    await post([aTask('fine', { name: 'leftover' }), aTask('bad', { name: '' })]);
    expect((await api.call('GET', '/task?name=leftover')).json).toEqual([]);
  });
});

describe('what is no JSON request', () => {
  // proves: http/not-announced-as-json
  test('a body that is not announced as JSON is 400', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      expect((await post('[]', { 'content-type': type })).status).toBe(400);
    }
    for (const type of ['application/json', 'Application/JSON; charset=utf-8', 'application/problem+json']) {
      expect((await post('[]', { 'content-type': type })).status).toBe(204);
    }
  });

  test('an encoded body is 415, bytes that are no UTF-8 are 400', async () => {
    expect((await post('[]', { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post(new Uint8Array([0x22, 0xff, 0x22]))).status).toBe(400);
  });

  // proves: http/too-large, http/error-shape
  test('100 MB are 413 at once, and the server goes on', async () => {
    const chunk = new Uint8Array(1_000_000).fill(32);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (sent++ < 100) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const response = await fetch(`${api.url}/task`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ status: 413, error: expect.any(String) });
    expect(sent).toBeLessThan(100);
    expect((await post('[]')).status).toBe(204);
  });
});
