import { setTimeout as delay } from 'node:timers/promises';
import { aWorker, claimUpTo, start } from '@arcrun/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
});
beforeEach(() => api.database.clear());
afterEach(() => vi.useRealTimers());
afterAll(() => api.close());

const action = { kind: 'Webhook', params: { url: 'https://receiver.example/start', verb: 'Post' } };
const get = async (path: string) => (await api.call('GET', path)).json;
const patch = (id: string, body: unknown) => api.call('PATCH', `/task/${id}`, { body });
const put = (id: string, body: unknown) => api.call('PUT', `/task/${id}`, { body });

async function create(rest: object = {}): Promise<string> {
  const body = [{ id: 'a', name: 'a', kind: 'k', on_start: action, ...rest }];
  return (await api.call('POST', '/task', { body })).json[0].id;
}
async function run(): Promise<void> {
  await start(api.database.db, await claimUpTo(api.database.db, await aWorker(api.database.db), 100));
}

// proves: http/basic-task, http/whole-task, http/snake-case, http/times
test('a task has exactly its fields', async () => {
  const id = await create({ on_success: [action] });
  await run();
  await patch(id, { status: 'Success' });
  const basic = [
    ...['id', 'name', 'kind', 'status', 'created_at', 'started_at', 'success', 'failures', 'expected_count'],
    ...['ended_at', 'batch_id', 'dead_end_barrier', 'priority', 'attempt', 'max_attempts', 'rerun_of'],
  ];
  const whole = [
    ...['timeout', 'rules', 'metadata', 'actions', 'last_updated', 'failure_reason'],
    ...['retry', 'attempts', 'next_attempt_at'],
  ];
  const [listed] = await get('/task');
  expect(Object.keys(listed).toSorted()).toEqual(basic.toSorted());
  const task = await get(`/task/${id}`);
  expect(Object.keys(task).toSorted()).toEqual([...basic, ...whole].toSorted());
  expect(task.last_updated).toBe(task.ended_at);
  for (const name of ['created_at', 'started_at', 'ended_at', 'last_updated'])
    expect(task[name]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
});

// proves: lifecycle/clock-of-database
test("the clock of this process is in no time of a task, nor in a batch's", async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2001-01-01T00:00:00Z') });
  const id = await create({ on_success: [action] });
  await run();
  await put(id, { new_success: 1 });
  await patch(id, { status: 'Success' });
  const task = await get(`/task/${id}`);
  const [batch] = await get('/batches');
  const [delivery] = await get('/webhook-deliveries');
  vi.useRealTimers();
  for (const time of [
    ...[task.created_at, task.started_at, task.ended_at, task.last_updated],
    ...[batch.first_created_at, batch.latest_updated_at],
    ...[delivery.created_at, delivery.updated_at, delivery.next_attempt_at],
  ])
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
});

// proves: http/batches-updated
test('latest_updated_at follows what happens to a task', async () => {
  const id = await create({ retry: { max_attempts: 2, backoff_secs: 0 } });
  const latest = async (): Promise<string> => (await get('/batches'))[0].latest_updated_at;
  const changes: readonly (() => Promise<unknown>)[] = [
    () => api.call('PATCH', `/task/pause/${id}`),
    () => api.call('PATCH', `/task/resume/${id}`),
    () => patch(id, { priority: 5 }),
    run,
    () => put(id, { new_success: 1 }),
    () => patch(id, {}),
    () => patch(id, { status: 'Failure', failure_reason: 'broken' }),
    run,
    () => patch(id, { status: 'Success' }),
  ];
  for (const [index, change] of changes.entries()) {
    // One write in half a second is enough.
    await delay(510);
    const before = await latest();
    await change();
    expect([index, (await latest()) > before]).toEqual([index, true]);
  }
});

// proves: http/put-before-end, http/put-fast, http/put-durable
test('what was answered before the end was sent counts in it, and what comes later does not', async () => {
  const id = await create();
  await run();
  let answered = 0;
  const additions = Array.from({ length: 300 }, async () => {
    expect((await put(id, { new_success: 1 })).status).toBe(202);
    answered++;
  });
  await vi.waitUntil(() => answered >= 20, { interval: 1, timeout: 20_000 });
  const before = answered;
  expect((await patch(id, { status: 'Success', new_success: 1000 })).status).toBe(200);
  const { success } = await get(`/task/${id}`);
  expect(success).toBeGreaterThanOrEqual(1000 + before);
  expect(success).toBeLessThanOrEqual(1300);
  await Promise.all(additions);
  expect((await get(`/task/${id}`)).success).toBe(success);
});

// proves: http/page-bounds
test.each(['/task', '/batches', '/webhook-deliveries'])(
  'pages of %s, from below 0 to 2^63−1',
  async (path) => {
    const id = await create({ on_success: [action] });
    await run();
    await patch(id, { status: 'Success' });
    const first = await get(path);
    expect(first).toHaveLength(1);
    for (const query of ['page=0', 'page=-1', 'page=-9223372036854775808', 'page_size=0', 'page_size=-7'])
      expect(await get(`${path}?${query}`)).toEqual(first);
    for (const page of ['1', '430000', '20000000', '4294967296', '9223372036854775807'])
      for (const filter of path === '/webhook-deliveries'
        ? ['']
        : ['', '&name=abc', '&kind=k', '&status=Success'])
        expect([page, filter, await get(`${path}?page=${page}${filter}`)]).toEqual([page, filter, []]);
  },
);

// proves: http/ledger, http/page-links
test('the ledger is read last updated first, and by key', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push(await create({ on_success: [action, action] }));
  await run();
  for (const id of ids) await patch(id, { status: 'Success' });
  // One that was tried again since.
  const tried = `update delivery set updated_at = clock_timestamp() where task_id = $1 and position = 0`;
  await api.database.pool.query(tried, [ids[1]]);
  const all = await get('/webhook-deliveries');
  const times = all.map((row: { updated_at: string }) => row.updated_at);
  expect(times).toEqual(times.toSorted().toReversed());
  expect(all[0].task_id).toBe(ids[1]);
  const walked: unknown[] = [];
  let query = '?page_size=3';
  while (query !== '') {
    const page = await api.call('GET', `/webhook-deliveries${query}`);
    walked.push(...page.json);
    query = /^<(\?[^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
  }
  expect(walked).toEqual(all);
  expect(walked).toHaveLength(10);
});
