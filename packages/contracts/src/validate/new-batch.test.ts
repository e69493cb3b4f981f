import { describe, expect, test } from 'vitest';
import { DEFAULT_BATCH_LIMITS } from '../limits.ts';
import type { Json } from './lossless-json.ts';
import { batchOf, after, call, details, listOf, received, task, CALL } from './sample-requests.ts';

describe('a valid request is made ready to be stored', () => {
  // proves: http/null-is-absent, http/unknown-fields, http/task-defaults
  test('nulls are gone and defaults applied', () => {
    const nothing = {
      timeout: null,
      metadata: null,
      dependencies: null,
      rules: null,
      dedupe_strategy: null,
      expected_count: null,
      on_success: null,
      on_failure: null,
      priority: null,
      dead_end_barrier: null,
      retry: null,
      not_a_field: { x: 1 },
    };
    const onStart = call({ body: null, headers: null });
    const expected = {
      localId: 'a',
      name: 'A',
      kind: 'k',
      timeoutSecs: 60,
      metadata: null,
      priority: 0,
      expectedCount: null,
      deadEndBarrier: false,
      dependencies: [],
      onStart: {
        url: 'https://example.com/',
        verb: 'Post',
        headers: null,
        body: null,
        retry: null,
        key: '["Post","https://example.com/",null,null]',
      },
      onSuccess: [],
      onFailure: [],
      rules: [],
      dedupe: [],
      retry: null,
    };
    expect(batchOf([task({ ...nothing, on_start: onStart })])).toEqual({
      isObject: false,
      scope: null,
      metadata: null,
      onBatchComplete: [],
      tasks: [expected],
      order: [0],
    });
    const { isObject, tasks } = batchOf({
      tasks: [task({ on_start: onStart })],
      scope: null,
      metadata: null,
      on_batch_complete: null,
    });
    expect({ isObject, tasks }).toEqual({ isObject: true, tasks: [expected] });
  });

  // proves: http/deps-any-order
  test('dependencies are indexes, in whatever order the tasks are listed', () => {
    const { tasks, order } = batchOf([after('c', 'a', 'b'), after('b', 'a'), task()]);
    expect(tasks[0]?.dependencies).toEqual([
      { parent: 2, requiresSuccess: true },
      { parent: 1, requiresSuccess: true },
    ]);
    expect(order).toEqual([2, 1, 0]);
  });

  // proves: http/digits
  test('metadata and bodies keep every digit and every key', () => {
    const json =
      '{"n":12345678901234567890,"f":1.50,"__proto__":{"x":1},"constructor":null,"u":"\\u00e9\\u2028"}';
    const text = `{"metadata":${json},"tasks":[{"id":"a","name":"A","kind":"k","timeout":6e1,"priority":-1.0,
      "metadata":${json},
      "on_start":{"kind":"Webhook","params":{"url":"https://example.com/","verb":"Put","body":${json}}}}]}`;
    const batch = batchOf(received(text));
    const written = json.replace('\\u00e9\\u2028', 'é\u2028');
    expect(batch.metadata).toBe(written);
    expect(batch.tasks[0]).toMatchObject({ metadata: written, timeoutSecs: 60, priority: -1 });
    expect(batch.tasks[0]?.onStart.body).toBe(written);
  });

  test('equal actions are one object; with keys in another order they come back in that one', () => {
    const one = call({ body: { a: 1, b: [{ c: 2, d: 3 }] }, headers: { 'X-A': '1', 'X-B': '2' } });
    const other = call({ body: { a: 1, b: [{ d: 3, c: 2 }] }, headers: { 'X-A': '1', 'X-B': '2' } });
    const { tasks } = batchOf([
      task({ on_start: one }),
      task({ id: 'b', on_start: structuredClone(one) }),
      task({ id: 'c', on_start: other }),
    ]);
    expect(tasks[1]?.onStart).toBe(tasks[0]?.onStart);
    expect(tasks[2]?.onStart).not.toBe(tasks[0]?.onStart);
    expect(tasks[2]?.onStart.key).not.toBe(tasks[0]?.onStart.key);
    expect(tasks[2]?.onStart.body).toBe('{"a":1,"b":[{"d":3,"c":2}]}');
  });

  // proves: rules/both-spellings
  test('both spellings of a rule become the one of the contract', () => {
    const matcher = { status: 'Running', kind: 'k', fields: ['tenant'] };
    const rules = [
      { type: 'Concurrency', max_concurrency: 3, matcher: { ...matcher, more: 1 } },
      { type: 'Concurency', max_concurency: 3, matcher },
      { type: 'Capacity', max_capacity: 5, matcher },
    ];
    expect(batchOf([task({ rules, expected_count: 1 })]).tasks[0]?.rules).toEqual([
      { type: 'Concurency', max_concurency: 3, matcher },
      { type: 'Concurency', max_concurency: 3, matcher },
      { type: 'Capacity', max_capacity: 5, matcher },
    ]);
  });

  test('no tasks at all are a batch too', () => {
    expect(batchOf([])).toMatchObject({ tasks: [], order: [], isObject: false });
    expect(batchOf({ tasks: [], scope: 's', on_batch_complete: [CALL] })).toMatchObject({
      tasks: [],
      scope: 's',
    });
  });
});

// proves: http/not-storable
test('NUL and lone surrogates are refused in every stored text', () => {
  const matcher = { status: 'Running', kind: 'k\0', fields: ['f\ud800'] };
  const fields = details([
    task({
      id: 'a\0',
      name: 'n\ud800',
      kind: '\udc00k',
      metadata: { '\ud800': 1 },
      dedupe_strategy: [matcher],
    }),
  ]).map((line) => line.slice(0, line.indexOf(': ')));
  expect(fields).toEqual([
    'tasks[0].id',
    'tasks[0].name',
    'tasks[0].kind',
    'tasks[0].metadata["\\ud800"]',
    'tasks[0].dedupe_strategy[0].kind',
    'tasks[0].dedupe_strategy[0].fields[0]',
  ]);
});

test('JSON of 256 levels is taken, deeper JSON is not', () => {
  const nested = (levels: number): Json => received('['.repeat(levels) + ']'.repeat(levels));
  expect(details([task({ metadata: nested(256), on_start: call({ body: nested(256) }) })])).toEqual([]);
  expect(details([task({ metadata: nested(257), on_start: call({ body: nested(100_000) }) })])).toEqual([
    'tasks[0].metadata: must not be nested more than 256 levels deep',
    'tasks[0].on_start.params.body: must not be nested more than 256 levels deep',
  ]);
});

// proves: http/limits
test('the limits of the settings hold', () => {
  const limits = { ...DEFAULT_BATCH_LIMITS, maxTasksPerBatch: 3, maxDepsPerTask: 1, maxActionsPerTask: 1 };
  const tasks = [task(), after('b', 'a'), after('c', 'a', 'b')];
  expect(details(tasks, limits)).toEqual(['tasks[2].dependencies: must have at most 1 entries']);
  expect(details([...tasks, task({ id: 'd' })], limits)).toEqual(['tasks: must have at most 3 entries']);
  expect(details([task({ on_failure: [CALL] })], limits)).toHaveLength(1);
  const local = call({ url: 'http://localhost:1/' });
  expect(details([task({ on_start: local })], limits)).toHaveLength(1);
  expect(details([task({ on_start: local })], { ...limits, skipSsrfValidation: true })).toEqual([]);
});

describe('hostile requests cost little', () => {
  const many = 10_000;
  const hostile: [string, Json][] = [
    ['tasks that are none', listOf(many, 1)],
    ['tasks without anything', listOf(many, {})],
    ['one id for all', listOf(many, task())],
    ['a million faulty actions', [task({ on_success: listOf(1_000_000, 1) })]],
    ['a million faulty dependencies', [task({ dependencies: listOf(1_000_000, 1) })]],
    ['a million faulty rules', [task({ rules: listOf(1_000_000, 1) })]],
    [
      'a million faulty headers',
      [
        task({
          on_start: call({
            headers: Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`a ${i}`, 1])),
          }),
        }),
      ],
    ],
    ['a long cycle', Array.from({ length: many }, (_, i) => after(`t${i}`, `t${(i + 1) % many}`))],
    [
      'different faulty actions',
      Array.from({ length: many }, (_, i) => task({ id: `t${i}`, on_start: call({ verb: i }) })),
    ],
    ['NUL everywhere', [task({ metadata: listOf(10_000, '\0') })]],
  ];

  test.each(hostile)('%s', (_what, value) => {
    const before = process.cpuUsage();
    const found = details(value);
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(100);
    // Not the time that others take of the processor.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(3000);
  });
});
