import { aWorker, claimUpTo, fail, start, succeed } from '@arcrun/database/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
});
beforeEach(() => api.database.clear());
afterAll(() => api.close());

const UNKNOWN = '0190c2a5-0000-7000-8000-000000000001';
const onStart = { kind: 'Webhook', params: { url: 'https://receiver.example/start', verb: 'Post' } };

async function create(tasks: object[], batch?: object): Promise<{ batchId: string; ids: string[] }> {
  const list = tasks.map((task, index) => ({
    id: `t${index}`,
    name: `t${index}`,
    kind: 'k',
    on_start: onStart,
    ...task,
  }));
  const { headers, json } = await api.call('POST', '/task', {
    body: batch === undefined ? list : { tasks: list, ...batch },
  });
  return { batchId: headers.get('x-batch-id')!, ids: json.map((task: { id: string }) => task.id) };
}
async function run(): Promise<void> {
  const worker = await aWorker(api.database.db);
  await start(api.database.db, await claimUpTo(api.database.db, worker, 100));
}
const get = async (path: string) => (await api.call('GET', path)).json;

// proves: http/batch-stats, http/batch-stats-wide, http/batch-always-known, http/ids-any-case, http/bad-id
test('GET /batch/{id}: counts, sums beyond 32 bits, null when a task has no expected_count', async () => {
  const { batchId, ids } = await create([
    { expected_count: 2_147_483_647 },
    { expected_count: 2_147_483_647 },
  ]);
  for (const id of ids)
    await api.call('PUT', `/task/${id}`, { body: { new_success: 2_147_483_647, new_failures: 1 } });
  await run();
  await succeed(api.database.db, ids[0]!);
  expect(await get(`/batch/${batchId.toUpperCase()}`)).toMatchObject({
    batch_id: batchId,
    total_tasks: 2,
    total_success: 4_294_967_294,
    total_failures: 2,
    total_expected: 4_294_967_294,
    status_counts: {
      waiting: 0,
      pending: 0,
      claimed: 0,
      running: 1,
      success: 1,
      failure: 0,
      paused: 0,
      canceled: 0,
    },
  });
  const other = await create([{ expected_count: 1 }, {}]);
  expect(await get(`/batch/${other.batchId}`)).toMatchObject({ total_expected: null });
  for (const id of [UNKNOWN, 'x']) expect((await api.call('GET', `/batch/${id}`)).status).toBe(404);
});

// proves: http/dag, http/bad-id
test('GET /dag/{id}', async () => {
  const { batchId, ids } = await create([{}, { dependencies: [{ id: 't0', requires_success: false }] }]);
  expect(await get(`/dag/${batchId}`)).toMatchObject({
    tasks: [{ id: ids[0] }, { id: ids[1] }],
    links: [{ parent_id: ids[0], child_id: ids[1], requires_success: false }],
  });
  expect(await get(`/dag/${UNKNOWN}`)).toEqual({ tasks: [], links: [] });
  expect((await api.call('GET', '/dag/x')).status).toBe(404);
});

describe('GET /batches', () => {
  const idsOf = async (query: string) =>
    (await get(`/batches?${query}`)).map((batch: { batch_id: string }) => batch.batch_id);

  // proves: http/batches-row, http/batches-remaining
  test('newest first, with what is known of each', async () => {
    const array = await create([{}, { kind: 'other' }]);
    const object = await create([{}, {}], { scope: 'nightly', metadata: { a: [1] } });
    await run();
    await succeed(api.database.db, object.ids[0]!);
    await fail(api.database.db, array.ids[0]!);
    const times = { first_created_at: expect.any(String), latest_updated_at: expect.any(String) };
    expect(await get('/batches')).toEqual([
      {
        batch_id: object.batchId,
        total_tasks: 2,
        ...times,
        status_counts: expect.objectContaining({ success: 1, running: 1 }),
        kinds: ['k'],
        remaining: 1,
        scope: 'nightly',
        metadata: { a: [1] },
        rerun_of: null,
      },
      {
        batch_id: array.batchId,
        total_tasks: 2,
        ...times,
        status_counts: expect.objectContaining({ failure: 1, running: 1 }),
        kinds: ['k', 'other'],
        remaining: null,
        scope: null,
        metadata: {},
        rerun_of: null,
      },
    ]);
  });

  // proves: http/batches-filters
  test('filters combine on the same task; the counts cover the whole batch', async () => {
    const { batchId } = await create([
      { kind: 'etl', name: 'load' },
      { kind: 'mail', name: 'send' },
    ]);
    expect(await idsOf('kind=etl&name=load')).toEqual([batchId]);
    expect(await idsOf('kind=etl&name=send')).toEqual([]);
    expect(await idsOf('name=oa')).toEqual([batchId]);
    for (const name of ['%25', 'l_ad', 'LOAD']) expect(await idsOf(`name=${name}`)).toEqual([]);
    expect(await idsOf('status=Pending&kind=mail')).toEqual([batchId]);
    expect(await idsOf('status=Running')).toEqual([]);
    expect((await get('/batches?kind=etl'))[0].status_counts.pending).toBe(2);
  });

  // proves: http/batches-search
  test('scope exactly, metadata by containment, search in both', async () => {
    const { batchId } = await create([{}], { scope: 'team/nightly', metadata: { owner: 'Ann_1' } });
    await create([{}], { scope: 'other' });
    for (const query of ['scope=team/nightly', 'metadata={"owner":"Ann_1"}', 'search=night', 'search=nn_1']) {
      expect(await idsOf(query)).toEqual([batchId]);
    }
    for (const query of [
      'scope=team',
      'search=nothing',
      'search=%25',
      'search=n_ghtly',
      'metadata={"owner":"Ann"}',
    ])
      expect(await idsOf(query)).toEqual([]);
  });

  // proves: http/batches-created
  test('created_after is inclusive, created_before is not', async () => {
    const { batchId } = await create([{}]);
    const [{ first_created_at: at }] = await get('/batches');
    expect(await idsOf(`created_after=${at}`)).toEqual([batchId]);
    expect(await idsOf(`created_before=${at}`)).toEqual([]);
    expect(await idsOf('created_after=2999-01-01T00:00:00Z')).toEqual([]);
  });

  // proves: http/batches-empty
  test('a batch without tasks is listed only when it was posted as an object', async () => {
    await api.call('POST', '/task', { body: [] });
    expect(await idsOf('')).toEqual([]);
    const { headers } = await api.call('POST', '/task', { body: { tasks: [], scope: 'empty' } });
    expect(await idsOf('')).toEqual([headers.get('x-batch-id')]);
  });

  // proves: http/page-links
  test('Link leads through all batches', async () => {
    for (let i = 0; i < 7; i++) await create([{}]);
    const all = await idsOf('');
    const walked: string[] = [];
    let query = '?page_size=3';
    while (query !== '') {
      const page = await api.call('GET', `/batches${query}`);
      walked.push(...page.json.map((batch: { batch_id: string }) => batch.batch_id));
      query = /^<(\?[^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
    }
    expect(walked).toEqual(all);
  });

  // proves: http/bad-query
  test.each(['status=x', 'created_after=yesterday', 'metadata={', 'search=%00', 'after=x', 'page=x'])(
    '%s is 400',
    async (query) => {
      const { status, json } = await api.call('GET', `/batches?${query}`);
      expect([status, json.details]).toEqual([400, [expect.stringMatching(`^${query.split('=', 1)[0]}: `)]]);
    },
  );
});

describe('PATCH /batch/{id}/rules', () => {
  const change = (id: string, body: unknown) => api.call('PATCH', `/batch/${id}/rules`, { body });
  const rules = [
    { type: 'Concurrency', max_concurrency: 2, matcher: { status: 'Running', kind: 'k', fields: [] } },
  ];

  // proves: http/batch-rules, rules/both-spellings
  test('answers how many tasks have them now', async () => {
    const { batchId, ids } = await create([{}, {}, { kind: 'other' }]);
    const { status, json } = await change(batchId, { kind: 'k', rules });
    expect([status, json]).toEqual([200, { batch_id: batchId, kind: 'k', updated_count: 2 }]);
    expect((await get(`/task/${ids[0]}`)).rules).toEqual([
      { type: 'Concurency', max_concurency: 2, matcher: rules[0]!.matcher },
    ]);
    expect((await change(batchId, { kind: 'k', rules: [] })).json.updated_count).toBe(2);
    expect((await get(`/task/${ids[0]}`)).rules).toEqual([]);
  });

  // proves: http/batch-rules-errors, http/validation-first
  test('404 for no such batch, 400 for bad rules, validated first', async () => {
    expect((await change(UNKNOWN, { kind: 'k', rules })).status).toBe(404);
    expect((await change('x', { kind: 'k', rules })).status).toBe(404);
    for (const [body, field] of [
      [{ rules }, 'kind'],
      [{ kind: 'k' }, 'rules'],
      [{ kind: 'k', rules: [{ ...rules[0], matcher: null }] }, 'rules\\[0\\]\\.matcher'],
      [{ kind: 'k', rules: Array.from({ length: 11 }, () => rules[0]) }, 'rules'],
    ] as const) {
      const { status, json } = await change(UNKNOWN, body);
      expect([status, json.details?.[0]]).toEqual([400, expect.stringMatching(`^${field}`)]);
    }
  });
});

// proves: http/ledger, http/ledger-filter, http/ledger-no-starts
test('GET /webhook-deliveries: one row an action, the filter in any case', async () => {
  const { batchId, ids } = await create([{ on_success: [onStart, onStart] }], {
    on_batch_complete: [onStart],
  });
  await run();
  await succeed(api.database.db, ids[0]!);
  const rows = await get('/webhook-deliveries?status=PENDING');
  const shared = {
    status: 'Pending',
    attempts: 0,
    last_error: null,
    id: expect.any(String),
    created_at: expect.any(String),
    updated_at: expect.any(String),
    next_attempt_at: expect.any(String),
  };
  const end = { task_id: ids[0], batch_id: null, trigger: 'End', condition: 'Success', ...shared };
  expect(
    rows.toSorted((a: { idempotency_key: string }, b: { idempotency_key: string }) =>
      a.idempotency_key < b.idempotency_key ? -1 : 1,
    ),
  ).toEqual(
    [
      { ...end, idempotency_key: `${ids[0]}:end:success` },
      { ...end, idempotency_key: `${ids[0]}:end:success:1` },
      {
        task_id: null,
        batch_id: batchId,
        trigger: 'BatchComplete',
        condition: null,
        idempotency_key: `batch:${batchId}:complete`,
        ...shared,
      },
    ].toSorted((a, b) => (a.idempotency_key < b.idempotency_key ? -1 : 1)),
  );
  for (const status of ['success', 'Failure', 'eXhausted'])
    expect(await get(`/webhook-deliveries?status=${status}`)).toEqual([]);
  expect((await api.call('GET', '/webhook-deliveries?status=x')).json.details).toEqual([
    expect.stringMatching('^status: '),
  ]);
});
