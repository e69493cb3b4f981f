import { aWorker, claimUpTo, start, succeed } from '@arcrun/database/testing';
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

async function create(...tasks: object[]): Promise<string[]> {
  const body = tasks.map((task, index) => ({
    id: `t${index}`,
    name: `t${index}`,
    kind: 'k',
    on_start: onStart,
    ...task,
  }));
  const { json } = await api.call('POST', '/task', { body });
  return json.map((task: { id: string }) => task.id);
}
async function run(): Promise<void> {
  const worker = await aWorker(api.database.db);
  await start(api.database.db, await claimUpTo(api.database.db, worker, 100));
}
const get = async (path: string) => (await api.call('GET', path)).json;
const patch = (id: string, body: unknown) => api.call('PATCH', `/task/${id}`, { body });
const put = (id: string, body: unknown) => api.call('PUT', `/task/${id}`, { body });

describe('GET /task/{id}', () => {
  // proves: http/task-whole, http/ids-any-case
  test('shows the whole task, in whatever case the id comes', async () => {
    const [id] = await create({ timeout: 5, metadata: { a: 1 }, on_failure: [onStart] });
    const task = await get(`/task/${id!.toUpperCase()}`);
    expect(task).toMatchObject({ id, timeout: 5, metadata: { a: 1 }, rules: [], failure_reason: null });
    const untried = { failure_count: 0, last_error: null };
    expect(task.actions).toEqual([
      { trigger: 'Start', ...onStart, ...untried },
      { trigger: 'End', condition: 'Failure', ...onStart, ...untried },
    ]);
  });

  // proves: http/bad-id, http/task-404, http/error-shape
  test.each(['nonsense', '%00', '0190c2a5', `${UNKNOWN}0`, UNKNOWN])('%s is 404', async (id) => {
    for (const method of ['GET', 'DELETE']) {
      const { status, json } = await api.call(method, `/task/${id}`);
      expect([status, json.status, typeof json.error]).toEqual([404, 404, 'string']);
    }
    expect((await patch(id, { status: 'Success' })).status).toBe(404);
  });

  test('a path that cannot be decoded is 404', async () => {
    expect((await api.call('GET', '/task/%E0%A4%A')).status).toBe(404);
  });
});

describe('GET /task', () => {
  const names = async (query: string) =>
    (await get(`/task?${query}`)).map((task: { name: string }) => task.name);

  // proves: http/tasks-order
  test('newest batch first, within a batch by position', async () => {
    await create({ name: 'a' }, { name: 'b' });
    await create({ name: 'c' }, { name: 'd' });
    expect(await names('')).toEqual(['c', 'd', 'a', 'b']);
  });

  // proves: http/tasks-filter-text, http/tasks-filter-rest
  test('filters, with %, _ and \\ taken as they are', async () => {
    await create(
      { name: '50% off', kind: 'a_b' },
      { name: '500 off', kind: 'axb' },
      { name: 'a\\b', timeout: 7 },
    );
    expect(await names(`name=${encodeURIComponent('50%')}`)).toEqual(['50% off']);
    expect(await names('kind=a_b')).toEqual(['50% off']);
    expect(await names('kind=x')).toEqual(['500 off']);
    expect(await names('kind=X')).toEqual([]);
    expect(await names(`name=${encodeURIComponent('\\')}`)).toEqual(['a\\b']);
    expect(await names('name=OFF')).toEqual([]);
    expect(await names('timeout=7')).toEqual(['a\\b']);
    expect(await names('status=Pending&kind=axb')).toEqual(['500 off']);
    expect(await names('status=Running')).toEqual([]);
    expect(await names(`batch_id=${UNKNOWN}`)).toEqual([]);
  });

  // proves: http/tasks-filter-rest
  test('metadata by containment', async () => {
    await create({ name: 'a', metadata: { t: 1, l: [1, 2] } }, { name: 'b', metadata: { t: '1' } });
    expect(await names(`metadata=${encodeURIComponent('{"t":1}')}`)).toEqual(['a']);
    expect(await names(`metadata=${encodeURIComponent('{"l":[2]}')}`)).toEqual(['a']);
  });

  // proves: http/bad-query, http/tasks-filter-metadata-400, http/error-details
  test.each([
    'status=pending',
    'status=Nothing',
    'batch_id=7',
    'timeout=x',
    'metadata={',
    `metadata=${encodeURIComponent('{"a":"\\u0000"}')}`,
    'metadata=1e400',
    'name=%00',
    'page=x',
    'page_size=1.5',
    'after=nonsense',
    'after=e30',
  ])('%s is 400 and names the parameter', async (query) => {
    const { status, json } = await api.call('GET', `/task?${query}`);
    expect([status, json.details]).toEqual([
      400,
      [expect.stringMatching(`^${query.split('=', 1)[0]}[^:]*: `)],
    ]);
  });

  // proves: http/page-bounds, http/tasks-page-size
  test('pages: below 0 is 0, beyond the end is empty, sizes are bounded', async () => {
    await create(...Array.from({ length: 120 }, () => ({})));
    expect(await get('/task')).toHaveLength(50);
    expect(await get('/task?page=-3&page_size=2')).toEqual(await get('/task?page=0&page_size=2'));
    expect(await get('/task?page_size=0')).toHaveLength(50);
    expect(await get('/task?page_size=-1')).toHaveLength(50);
    expect(await get('/task?page_size=5000')).toHaveLength(100);
    expect(await get('/task?page=1&page_size=100')).toHaveLength(20);
    expect(await get('/task?page=9223372036854775807')).toEqual([]);
  });

  // proves: http/page-links, http/tasks-order
  test('Link leads through all rows, none twice, none left out', async () => {
    await create(...Array.from({ length: 23 }, () => ({})));
    await create(...Array.from({ length: 14 }, () => ({})));
    const all = await names('page_size=100');
    const walked: string[] = [];
    let query = '?page_size=5&kind=k';
    while (query !== '') {
      const page = await api.call('GET', `/task${query}`);
      walked.push(...page.json.map((task: { name: string }) => task.name));
      query = /^<(\?[^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
    }
    expect(walked).toEqual(all);
    expect(walked).toHaveLength(37);
  });
});

describe('PATCH /task/{id}', () => {
  // proves: http/patch-end, http/patch-effects-at-once, http/patch-same-status, http/patch-conflict,
  // http/patch-fields
  test('reports the end once; the same again changes nothing; another state is 409', async () => {
    const [parent, child, required] = await create(
      {},
      { dependencies: [{ id: 't0', requires_success: false }] },
      { dependencies: [{ id: 't0', requires_success: true }] },
    );
    await run();
    const first = await patch(parent!, {
      status: 'Failure',
      failure_reason: 'broken',
      new_success: 2,
      new_failures: 1,
      metadata: { x: 1 },
    });
    expect(first.status).toBe(200);
    // Its effects can be read at once.
    expect((await get(`/task/${child}`)).status).toBe('Pending');
    expect(await get(`/task/${required}`)).toMatchObject({
      status: 'Failure',
      failure_reason: `Required parent task ${parent} failed`,
    });
    const ended = await get(`/task/${parent}`);
    expect(ended).toMatchObject({
      status: 'Failure',
      failure_reason: 'broken',
      success: 2,
      failures: 1,
      metadata: { x: 1 },
    });
    expect(
      (await patch(parent!, { status: 'Failure', failure_reason: 'again', new_success: 5 })).status,
    ).toBe(200);
    expect(await get(`/task/${parent}`)).toEqual(ended);
    const other = await patch(parent!, { status: 'Success' });
    expect([other.status, other.json]).toEqual([
      409,
      expect.objectContaining({ current_status: 'Failure', status: 409 }),
    ]);
    expect((await patch(child!, { status: 'Success' })).json).toMatchObject({
      current_status: 'Pending',
      status: 409,
    });
  });

  // proves: http/patch-without-status, http/patch-fields, http/patch-empty, http/null-is-absent
  test('without status it changes what was given, and refreshes last_updated', async () => {
    const [id] = await create({ expected_count: 5 });
    const before = await get(`/task/${id}`);
    expect((await patch(id!, {})).status).toBe(200);
    const refreshed = await get(`/task/${id}`);
    expect(refreshed.last_updated > before.last_updated).toBe(true);
    expect(
      await patch(id!, { priority: -3, metadata: [1], expected_count: 9, new_success: 1, status: null }),
    ).toMatchObject({ status: 200 });
    expect(await get(`/task/${id}`)).toMatchObject({
      priority: -3,
      metadata: [1],
      expected_count: 9,
      success: 1,
    });
    await run();
    await succeed(api.database.db, id!);
    const ended = await patch(id!, { priority: 1 });
    expect([ended.status, ended.json.current_status]).toEqual([409, 'Success']);
  });

  test('a failure_reason that is long is kept, and one that is longer cut', async () => {
    for (const [length, kept] of [
      [10_000, 10_000],
      [10_001, 10_000],
      [1_000_000, 10_000],
    ] as const) {
      const [id] = await create({});
      await run();
      const reason = '💥'.repeat(length / 2) + 'x'.repeat(length % 2);
      expect((await patch(id!, { status: 'Failure', failure_reason: reason })).status).toBe(200);
      const { failure_reason: stored } = await get(`/task/${id!}`);
      expect([stored.length, stored.isWellFormed(), stored.endsWith('…')]).toEqual([
        kept,
        true,
        length > kept,
      ]);
    }
  });

  // proves: http/patch-end-only, http/validation-first, http/error-details, http/empty-body
  test.each<[unknown, string]>([
    [{ status: 'Running' }, 'status'],
    [{ status: 'success' }, 'status'],
    [{ status: 'Failure' }, 'failure_reason'],
    [{ status: 'Failure', failure_reason: String.fromCharCode(0) }, 'failure_reason'],
    [{ new_success: -1 }, 'new_success'],
    [{ new_failures: 1.5 }, 'new_failures'],
    [{ priority: 4000 }, 'priority'],
    [{ expected_count: -1 }, 'expected_count'],
    [{ metadata: 'x'.repeat(70_000) }, 'metadata'],
    [[], 'body'],
    ['', 'body'],
  ])('%j is 400 and names %s', async (body, field) => {
    const [id] = await create({});
    for (const target of [id!, UNKNOWN]) {
      // Validation comes before the look-up.
      const { status, json } = await patch(target, body);
      expect([status, json.details?.[0]]).toEqual([400, expect.stringMatching(`^${field}: `)]);
    }
  });
});

describe('PUT /task/{id}', () => {
  // proves: http/put-adds, http/put-refreshes, http/put-waiting, http/put-fast, http/put-valid
  test('adds to counters of any task that has not ended, and refreshes it', async () => {
    const [id, waiting] = await create({}, { dependencies: [{ id: 't0', requires_success: true }] });
    const before = await get(`/task/${id}`);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => put(id!, { new_success: i % 2, new_failures: 1 })),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202]));
    expect((await put(waiting!, { new_failures: 4, ignored: 'yes', new_success: null })).status).toBe(202);
    const after = await get(`/task/${id}`);
    expect(after).toMatchObject({ success: 25, failures: 50 });
    expect(after.last_updated > before.last_updated).toBe(true);
    expect(await get(`/task/${waiting}`)).toMatchObject({ success: 0, failures: 4 });
  });

  // proves: http/put-saturates
  test('stays at the largest value', async () => {
    const [id] = await create({});
    await put(id!, { new_success: 2_147_483_647 });
    await put(id!, { new_success: 2_147_483_647 });
    expect((await get(`/task/${id}`)).success).toBe(2_147_483_647);
  });

  // proves: http/put-dropped, lifecycle/terminal-counters
  test('an unknown or ended task takes it and drops it', async () => {
    const [id] = await create({});
    await run();
    await succeed(api.database.db, id!);
    const before = await get(`/task/${id}`);
    expect((await put(id!, { new_success: 1 })).status).toBe(202);
    expect((await put(UNKNOWN, { new_success: 1 })).status).toBe(202);
    expect(await get(`/task/${id}`)).toEqual(before);
  });

  // proves: http/put-valid
  test.each([
    {},
    { new_success: 0, new_failures: 0 },
    { new_success: -1 },
    { new_success: '1' },
    { new_success: 2_147_483_648 },
    [],
  ])('%j is 400', async (body) => {
    expect((await put(UNKNOWN, body)).status).toBe(400);
  });
});

describe('DELETE /task/{id}', () => {
  // proves: http/delete, lifecycle/canceled-children
  test('cancels, once', async () => {
    const [id, child] = await create({}, { dependencies: [{ id: 't0', requires_success: true }] });
    expect((await api.call('DELETE', `/task/${id}`)).status).toBe(200);
    expect((await get(`/task/${id}`)).status).toBe('Canceled');
    expect((await get(`/task/${child}`)).status).toBe('Failure');
    const again = await api.call('DELETE', `/task/${id}`);
    expect([again.status, again.json]).toEqual([
      400,
      expect.objectContaining({ current_status: 'Canceled' }),
    ]);
  });
});

// proves: http/wrong-method
test.each([
  ['POST', '/task/x', 'GET, PATCH, PUT, DELETE'],
  ['POST', `/batch/${UNKNOWN}`, 'GET, DELETE'],
  ['DELETE', '/task', 'GET, POST'],
  ['PUT', '/batches', 'GET'],
  ['POST', '/health', 'GET'],
  ['PUT', `/dag/${UNKNOWN}`, 'GET'],
])('%s %s is 405 with the methods that are allowed', async (method, path, allowed) => {
  const { status, headers, json } = await api.call(method, path);
  expect([status, headers.get('allow'), json.status]).toEqual([405, allowed, 405]);
});

// proves: http/error-shape
test('what is not there is 404 in the same shape', async () => {
  const { status, json } = await api.call('GET', '/nothing/here');
  expect([status, json]).toEqual([404, expect.objectContaining({ error: expect.any(String), status: 404 })]);
});
