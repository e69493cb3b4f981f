import fc from 'fast-check';

/** One call of the API, valid or not. */
export interface AnyCall {
  /** As the OpenAPI document names it. */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  /** Undefined: none. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the task that it is about, if it is about one. */
  readonly taskId?: string;
}

/** Ids that were given out so far. */
interface KnownIds {
  readonly tasks: readonly string[];
  readonly batches: readonly string[];
}

/** How a call comes about when its turn has come: it may be about whatever is known by then. */
export type AnyCallOf = (known: KnownIds) => AnyCall;

const NOWHERE = '0190c2a5-0000-7000-8000-000000000001';

/** Mostly one that is there. */
const anIndex = fc.option(fc.nat({ max: 10_000 }), { freq: 8, nil: null });
const pick = (ids: readonly string[], index: number | null): string =>
  index === null || ids.length === 0 ? NOWHERE : ids[index % ids.length]!;

/** What no field is made for, now and then. */
const oddity = fc.oneof(
  fc.constantFrom(null, true, -1, 0, 1.5, 1e300, '', ' ', '\u0000', '💥', 'x'.repeat(300), [], {}, [[]]),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const mostly = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 200, arbitrary: usual }, { weight: 1, arbitrary: oddity });

const kind = fc.constantFrom('a', 'b', 'c');
const matcher = fc.record(
  {
    status: mostly(fc.constantFrom('Running', 'Pending', 'Success')),
    kind: mostly(kind),
    fields: mostly(fc.constant(['t'])),
  },
  { requiredKeys: ['status', 'kind', 'fields'] },
);
const rule = fc.oneof(
  fc.record({
    type: fc.constant('Concurency'),
    max_concurency: mostly(fc.integer({ min: 1, max: 5 })),
    matcher,
  }),
  fc.record({ type: fc.constant('Capacity'), max_capacity: mostly(fc.integer({ min: 1, max: 9 })), matcher }),
);
const actionRetry = fc.record(
  { max_attempts: mostly(fc.integer({ min: 1, max: 3 })), backoff_secs: mostly(fc.constantFrom(0, 0.1)) },
  { requiredKeys: [] },
);
const taskRetry = fc.record(
  {
    max_attempts: mostly(fc.integer({ min: 1, max: 4 })),
    backoff_secs: mostly(fc.constantFrom(0, 0.1, 1)),
    backoff_factor: mostly(fc.constantFrom(1, 2)),
    max_backoff_secs: mostly(fc.constantFrom(1, 5)),
    jitter: mostly(fc.boolean()),
    on: mostly(fc.uniqueArray(mostly(fc.constantFrom('failure', 'timeout', 'start')), { minLength: 1 })),
  },
  { requiredKeys: [] },
);
const action = (receiverUrl: string) =>
  fc.record(
    {
      kind: mostly(fc.constant('Webhook')),
      params: mostly(
        fc.record(
          {
            url: mostly(fc.constantFrom(`${receiverUrl}/call`, `${receiverUrl}/call?x=1#y`)),
            verb: mostly(fc.constantFrom('Post', 'Put', 'Get')),
            headers: mostly(fc.constant({ 'x-known': 'yes' })),
            body: fc.jsonValue({ maxDepth: 2 }),
          },
          { requiredKeys: ['url', 'verb'] },
        ),
      ),
      retry: mostly(actionRetry),
    },
    { requiredKeys: ['kind', 'params'] },
  );

/** A request of up to six tasks, each of which may depend on those before it. */
const newBatch = (receiverUrl: string): fc.Arbitrary<unknown> => {
  const webhook = action(receiverUrl);
  const aTask = fc.record(
    {
      name: mostly(fc.string({ minLength: 1, maxLength: 20 })),
      kind: mostly(kind),
      on_start: mostly(webhook),
      on_success: mostly(fc.array(webhook, { maxLength: 2 })),
      on_failure: mostly(fc.array(webhook, { maxLength: 2 })),
      metadata: mostly(fc.record({ t: fc.constantFrom(1, 2, 'x') })),
      priority: mostly(fc.integer({ min: -5, max: 5 })),
      timeout: mostly(fc.integer({ min: 1, max: 600 })),
      expected_count: mostly(fc.integer({ min: 0, max: 10 })),
      dead_end_barrier: mostly(fc.boolean()),
      retry: mostly(taskRetry),
      rules: mostly(fc.array(rule, { maxLength: 2 })),
      dedupe_strategy: mostly(fc.array(matcher, { maxLength: 1 })),
      needs: fc.array(fc.record({ back: fc.integer({ min: 1, max: 3 }), isRequired: fc.boolean() }), {
        maxLength: 2,
      }),
    },
    { requiredKeys: ['name', 'kind', 'on_start', 'needs'] },
  );
  const tasks = fc.array(aTask, { minLength: 1, maxLength: 6 }).map((all) =>
    all.map(({ needs, ...rest }, index) => ({
      ...rest,
      id: `t${index}`,
      dependencies: [...new Map(needs.map((need) => [index - need.back, need]))]
        .filter(([parent]) => parent >= 0)
        .map(([parent, { isRequired }]) => ({ id: `t${parent}`, requires_success: isRequired })),
    })),
  );
  return fc.oneof(
    tasks,
    fc.record(
      {
        tasks,
        scope: mostly(fc.constantFrom('one', 'two')),
        metadata: mostly(fc.constant({ m: 1 })),
        on_batch_complete: mostly(fc.array(webhook, { maxLength: 1 })),
      },
      { requiredKeys: ['tasks'] },
    ),
    oddity,
  );
};

const change = fc.record(
  {
    status: mostly(fc.constantFrom('Success', 'Failure', 'Success', 'Canceled')),
    failure_reason: mostly(fc.constant('for no reason')),
    retryable: mostly(fc.boolean()),
    new_success: mostly(fc.integer({ min: 0, max: 3 })),
    new_failures: mostly(fc.integer({ min: 0, max: 3 })),
    expected_count: mostly(fc.integer({ min: 0, max: 10 })),
    metadata: mostly(fc.record({ t: fc.constantFrom(1, 2) })),
    priority: mostly(fc.integer({ min: -5, max: 5 })),
  },
  { requiredKeys: [] },
);

/** A query of some of these parameters, with usual values or odd ones. */
const queryOf = (values: Readonly<Record<string, readonly string[]>>): fc.Arbitrary<string> => {
  const fields = Object.fromEntries(
    Object.entries(values).map(([name, usual]) => [
      name,
      fc.oneof(
        { weight: 10, arbitrary: fc.constantFrom(...usual) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
      ),
    ]),
  );
  return fc
    .record(fields, { requiredKeys: [] })
    .map((given) => new URLSearchParams(given as Record<string, string>).toString());
};

const page = { limit: ['1', '10', '0', '-1'], offset: ['0', '3', '10000'], page: ['1', '2'] };
const statuses = ['Waiting', 'Pending', 'Claimed', 'Running', 'Success', 'Failure', 'Canceled', 'Paused'];

/** Any call of the API but for its pages; what it makes calls a receiver. */
export function anyCall(receiverUrl: string): fc.Arbitrary<AnyCallOf> {
  const json = { 'content-type': 'application/json' };
  const ofTask = (operation: string, path: (id: string) => string, body?: fc.Arbitrary<unknown>) =>
    fc.tuple(anIndex, body ?? fc.constant(undefined)).map(([index, value]): AnyCallOf => (known) => {
      const taskId = pick(known.tasks, index);
      const [method = ''] = operation.split(' ');
      const call = { operation, method, path: path(taskId), taskId };
      return value === undefined ? call : { ...call, body: JSON.stringify(value), headers: json };
    });
  const ofBatch = (operation: string, path: (id: string) => string, body?: fc.Arbitrary<unknown>) =>
    fc.tuple(anIndex, body ?? fc.constant(undefined)).map(([index, value]): AnyCallOf => (known) => {
      const [method = ''] = operation.split(' ');
      const call = { operation, method, path: path(pick(known.batches, index)) };
      return value === undefined ? call : { ...call, body: JSON.stringify(value), headers: json };
    });
  const list = (operation: string, values: Readonly<Record<string, readonly string[]>>) =>
    queryOf({ ...page, ...values }).map((query): AnyCallOf => () => {
      const [method = '', path = ''] = operation.split(' ');
      return { operation, method, path: `${path}?${query}` };
    });
  const create = fc
    .tuple(newBatch(receiverUrl), fc.option(fc.constantFrom('key-1', 'key-2', 'key-3'), { freq: 2 }))
    .map(([value, key]): AnyCallOf => () => ({
      operation: 'POST /task',
      method: 'POST',
      path: '/task',
      body: JSON.stringify(value),
      headers: key === null ? json : { ...json, 'idempotency-key': key },
    }));
  const odd = fc
    .tuple(
      fc.constantFrom('POST /task', 'PATCH /task/{id}', 'PUT /task/{id}'),
      fc.string({ unit: 'binary', maxLength: 60 }),
      anIndex,
    )
    .map(([operation, body, index]): AnyCallOf => (known) => {
      const [method = '', template = ''] = operation.split(' ');
      const path = template.replace('{id}', pick(known.tasks, index));
      return { operation, method, path, body, headers: json };
    });
  return fc.oneof(
    { weight: 6, arbitrary: create },
    {
      weight: 6,
      arbitrary: ofTask(
        'PATCH /task/{id}',
        (id) => `/task/${id}`,
        fc.oneof({ weight: 20, arbitrary: change }, oddity),
      ),
    },
    {
      weight: 4,
      arbitrary: ofTask(
        'PUT /task/{id}',
        (id) => `/task/${id}`,
        fc.oneof({ weight: 20, arbitrary: change }, oddity),
      ),
    },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom('1', '2', '3', '0', 'x', '')
        .chain((attempt) => ofTask('PATCH /task/{id}', (id) => `/task/${id}?attempt=${attempt}`, change)),
    },
    { weight: 3, arbitrary: ofTask('GET /task/{id}', (id) => `/task/${id}`) },
    ofTask('DELETE /task/{id}', (id) => `/task/${id}`),
    ofTask('PATCH /task/pause/{id}', (id) => `/task/pause/${id}`),
    ofTask('PATCH /task/resume/{id}', (id) => `/task/resume/${id}`),
    ofTask('GET /task/{id}/explain', (id) => `/task/${id}/explain`),
    ofBatch('GET /batch/{id}', (id) => `/batch/${id}`),
    ofBatch('DELETE /batch/{id}', (id) => `/batch/${id}`),
    ofBatch(
      'POST /batch/{id}/rerun',
      (id) => `/batch/${id}/rerun`,
      fc.record(
        { only: mostly(fc.constantFrom('unsuccessful', 'all')), dry_run: mostly(fc.boolean()) },
        { requiredKeys: [] },
      ),
    ),
    ofBatch('GET /dag/{batch_id}', (id) => `/dag/${id}`),
    ofBatch(
      'PATCH /batch/{id}/rules',
      (id) => `/batch/${id}/rules`,
      fc.oneof(fc.record({ kind: mostly(kind), rules: mostly(fc.array(rule, { maxLength: 2 })) }), oddity),
    ),
    list('GET /task', {
      name: ['a', 'x'],
      kind: ['a', 'b'],
      status: statuses,
      batch_id: [NOWHERE],
      timeout: ['60'],
      metadata: ['{"t":1}', '{'],
    }),
    list('GET /batches', {
      name: ['a'],
      kind: ['a'],
      status: statuses,
      scope: ['one'],
      metadata: ['{"m":1}'],
      search: ['o'],
      created_after: ['2026-01-01T00:00:00Z', 'now'],
    }),
    list('GET /webhook-deliveries', {
      status: ['Pending', 'Success', 'Exhausted'],
      task_id: [NOWHERE],
      batch_id: [NOWHERE],
    }),
    ofTask('POST /webhook-deliveries/{id}/retry', (id) => `/webhook-deliveries/${id}/retry`),
    fc.constantFrom<AnyCallOf>(
      () => ({ operation: 'GET /overview', method: 'GET', path: '/overview' }),
      () => ({ operation: 'GET /health', method: 'GET', path: '/health' }),
      () => ({ operation: 'GET /ready', method: 'GET', path: '/ready' }),
    ),
    { weight: 1, arbitrary: odd },
  );
}
