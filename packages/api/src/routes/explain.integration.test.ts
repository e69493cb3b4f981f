import { archiveBatches, openBreaker, renewWorkerLease } from '@arcrun/database';
import { aWorker, claimUpTo, fail, start, succeed } from '@arcrun/database/testing';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
});
beforeEach(() => api.database.clear());
afterAll(() => api.close());

const onStart = { kind: 'Webhook', params: { url: 'https://receiver.example/start', verb: 'Post' } };

/** Ids by local name. */
async function create(
  tasks: Record<string, object>,
): Promise<{ batchId: string; ids: Record<string, string> }> {
  const { headers, json } = await api.call('POST', '/task', {
    body: Object.entries(tasks).map(([id, task]) => ({
      id,
      name: id,
      kind: 'etl',
      on_start: onStart,
      ...task,
    })),
  });
  const ids = json.map(({ id, name }: { id: string; name: string }) => [name, id]);
  return { batchId: headers.get('x-batch-id')!, ids: Object.fromEntries(ids) };
}
async function explain(id: string | undefined) {
  const { status, json } = await api.call('GET', `/task/${id}/explain`);
  expect(status).toBe(200);
  return json;
}
/** Starts what may start. */
async function run(limit = 100): Promise<void> {
  const worker = await aWorker(api.database.db);
  await start(api.database.db, await claimUpTo(api.database.db, worker, limit));
}
const matcher = (fields: string[] = [], kind = 'etl') => ({ status: 'Running', kind, fields });
const atMost = (max: number, fields?: string[], kind?: string) => ({
  type: 'Concurency',
  max_concurency: max,
  matcher: matcher(fields, kind),
});

// proves: http/explain-parents
test('open parents: the first ten, and how many there are', async () => {
  const parents = Array.from({ length: 12 }, (_, index) => `p${index}`);
  const { ids } = await create({
    ...Object.fromEntries(parents.map((name) => [name, {}])),
    child: { dependencies: parents.map((id) => ({ id, requires_success: id === 'p1' })) },
  });
  await run(1);
  await succeed(api.database.db, ids['p0']!);
  const { status, open_parents: open, waiting_for: waitingFor, frees } = await explain(ids['child']);
  expect([status, open]).toEqual(['Waiting', 11]);
  expect(waitingFor).toEqual(
    parents.slice(1, 11).map((name) => ({
      type: 'parent',
      id: ids[name],
      name,
      kind: 'etl',
      status: 'Pending',
      requires_success: name === 'p1',
    })),
  );
  expect(frees).toBe(
    'It starts when its parents "p1", "p2", "p3" and 8 more ended, the required ones as Success',
  );
});

// proves: http/explain-paused
test('a pause, and what it will wait for after that', async () => {
  const { ids } = await create({ a: {}, b: { dependencies: [{ id: 'a', requires_success: false }] } });
  await api.call('PATCH', `/task/pause/${ids['b']}`);
  const { status, waiting_for: waitingFor, frees } = await explain(ids['b']);
  expect(status).toBe('Paused');
  expect(waitingFor).toMatchObject([{ type: 'paused' }, { type: 'parent', id: ids['a'] }]);
  expect(frees).toMatch(/^It starts when it is resumed and its parent "a" ended/);
});

// proves: http/explain-rule
test('a full rule: what is counted, by whom, and the place in the queue', async () => {
  const rules = [atMost(2, ['tenant'])];
  const task = (tenant: number, priority = 0) => ({ metadata: { tenant }, rules, priority });
  const { ids } = await create({
    a: task(1),
    b: task(1),
    c: task(1),
    d: task(1, 5),
    e: task(1),
    other: task(2),
  });
  await run();
  const { status, waiting_for: waitingFor, frees } = await explain(ids['e']);
  expect(status).toBe('Pending');
  // d has the higher priority, and took a place before b.
  expect(waitingFor).toEqual([
    {
      type: 'rule',
      rule: rules[0],
      occupancy: 2,
      limit: 2,
      holders: expect.toSatisfy(
        (held: { name: string }[]) =>
          held
            .map(({ name }) => name)
            .toSorted()
            .join() === 'a,d',
      ),
      position: 3,
    },
  ]);
  expect(waitingFor[0].holders[0]).toEqual({
    id: expect.any(String),
    name: expect.any(String),
    kind: 'etl',
    status: 'Running',
  });
  expect(frees).toBe(
    'It starts when there are fewer than 2 Claimed or Running tasks of kind "etl" with the same tenant (now 2, and 2 wait before it)',
  );
  await succeed(api.database.db, ids['a']!);
  const freed = await explain(ids['b']);
  expect(freed).toMatchObject({ waiting_for: [], frees: expect.stringMatching(/^Nothing holds it back/) });
});

// proves: http/explain-rule
test('a queue of several lanes, and holders in other batches that carry no rule', async () => {
  const { ids: holding } = await create({ holder: {} });
  await run();
  const { ids } = await create({
    first: { rules: [atMost(1)] },
    second: { rules: [atMost(1), atMost(9, [], 'mail')] },
    third: { rules: [atMost(1)] },
  });
  await run();
  expect((await explain(ids['third'])).waiting_for).toMatchObject([
    { type: 'rule', occupancy: 1, holders: [{ id: holding['holder'] }], position: 3 },
  ]);
  expect((await explain(ids['second'])).waiting_for).toMatchObject([{ limit: 1, position: 2 }]);
});

// proves: http/explain-rule
test('rules about another kind, about work, and about what is Pending', async () => {
  const { ids } = await create({
    mail: { kind: 'mail' },
    work: { kind: 'work', expected_count: 700 },
    afterMail: { rules: [atMost(0, [], 'mail')] },
    capped: {
      kind: 'work',
      expected_count: 1,
      rules: [{ type: 'Capacity', max_capacity: 500, matcher: matcher([], 'work') }],
    },
    pending: {
      kind: 'p',
      rules: [
        { type: 'Concurency', max_concurency: 1, matcher: { status: 'Pending', kind: 'p', fields: [] } },
      ],
    },
    queued: { kind: 'p', rules: [atMost(0, [], 'mail')] },
  });
  await run();
  await api.call('PUT', `/task/${ids['work']}`, { body: { new_success: 50 } });
  expect((await explain(ids['afterMail'])).waiting_for).toMatchObject([
    { occupancy: 1, limit: 0, holders: [{ id: ids['mail'] }] },
  ]);
  const capped = await explain(ids['capped']);
  expect(capped.waiting_for).toMatchObject([{ occupancy: 650, limit: 500, holders: [{ id: ids['work'] }] }]);
  expect(capped.frees).toContain(
    'the remaining work of Claimed or Running tasks of kind "work" is below 500 (now 650',
  );
  // Itself it does not count.
  expect((await explain(ids['pending'])).waiting_for).toMatchObject([
    { occupancy: 1, limit: 1, holders: [{ id: ids['queued'], status: 'Pending' }] },
  ]);
});

// proves: http/explain-metadata
test('what a rule looks at and the task lacks', async () => {
  const rule = atMost(3, ['tenant', 'region']);
  const { batchId, ids } = await create({
    a: { metadata: { region: null }, rules: [rule] },
    b: { kind: 'other' },
  });
  await run();
  expect(await explain(ids['a'])).toMatchObject({
    status: 'Pending',
    waiting_for: [{ type: 'metadata', field: 'tenant', rule }],
    frees: 'It starts when its metadata has the field "tenant", which a rule looks at',
  });
  await api.call('PATCH', `/batch/${batchId}/rules`, {
    body: { kind: 'etl', rules: [{ type: 'Capacity', max_capacity: 5, matcher: matcher() }] },
  });
  expect((await explain(ids['a'])).waiting_for).toMatchObject([
    { type: 'metadata', field: 'expected_count' },
  ]);
});

// proves: http/explain-origin
test('the open breaker of its receiver, and when it is tried', async () => {
  await aWorker(api.database.db);
  const { ids } = await create({ a: {} });
  await openBreaker(api.database.db, 'https://receiver.example', 30);
  const { waiting_for: waitingFor, frees } = await explain(ids['a']);
  expect(waitingFor).toEqual([
    {
      type: 'origin',
      origin: 'https://receiver.example',
      reason: 'breaker',
      probe_at: expect.stringMatching(/^\d{4}-.*Z$/),
    },
  ]);
  expect(frees).toBe(
    `It starts when https://receiver.example answers again, which is tried at ${waitingFor[0].probe_at}`,
  );
});

// proves: http/explain-origin
test('a receiver that no worker may open a further call to', async () => {
  const workers = await Promise.all([aWorker(api.database.db), aWorker(api.database.db)]);
  const { ids } = await create({ a: {} });
  const origin = 'https://receiver.example';
  const tell = (id: string | undefined, isFull: boolean, fullOrigins: string[]) =>
    renewWorkerLease(api.database.db, { id: id!, host: 'h', pid: 1 }, 60, { isFull, fullOrigins });
  await tell(workers[0], false, [origin]);
  expect((await explain(ids['a'])).waiting_for).toEqual([]);
  await tell(workers[1], true, []);
  expect((await explain(ids['a'])).waiting_for).toEqual([{ type: 'origin', origin, reason: 'full' }]);
  await tell(workers[0], true, []);
  expect(await explain(ids['a'])).toMatchObject({
    waiting_for: [],
    frees: expect.stringContaining('each worker has as many open as it may'),
  });
});

// proves: http/explain-worker
test('no worker is alive', async () => {
  await aWorker(api.database.db, -1);
  const { ids } = await create({ a: {} });
  expect(await explain(ids['a'])).toMatchObject({
    status: 'Pending',
    waiting_for: [{ type: 'worker' }],
    frees: 'It starts when a worker is alive',
  });
});

// proves: http/explain-started
test('what a task is doing that was claimed, runs, or has ended, in the archive too', async () => {
  const { ids } = await create({ a: { timeout: 60 }, b: {}, c: {} });
  const worker = await aWorker(api.database.db);
  const claims = await claimUpTo(api.database.db, worker, 100);
  const nothing = { open_parents: 0, waiting_for: [] };
  expect(await explain(ids['a'])).toEqual({
    status: 'Claimed',
    ...nothing,
    frees: expect.stringMatching(`^Worker ${worker} calls its on_start since \\d{4}-`),
  });
  await api.database.pool.query('delete from worker');
  expect((await explain(ids['a'])).frees).toMatch(/is gone; it is Pending again/);
  await start(api.database.db, claims);
  const task = (await api.call('GET', `/task/${ids['a']}`)).json;
  const timesOutMs = Date.parse(task.last_updated) + 60_000;
  const running = await explain(ids['a']);
  expect(running).toMatchObject({ status: 'Running', ...nothing });
  const said = /^It runs since (\S+); it fails with a timeout at (\S+) unless/.exec(running.frees);
  expect([said?.[1], Date.parse(said![2]!)]).toEqual([task.started_at, timesOutMs]);

  await succeed(api.database.db, ids['a']!);
  await fail(api.database.db, ids['b']!);
  await api.call('DELETE', `/task/${ids['c']}`);
  const ends = ['Success at \\S+$', 'Failure at \\S+: broken$', 'Canceled at \\S+$'];
  for (const isArchived of [false, true]) {
    if (isArchived) await archiveBatches(api.database.db, { ageSecs: 0, limit: 10 });
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      expect(await explain(ids[name])).toEqual({
        status: ends[index]!.split(' ', 1)[0],
        ...nothing,
        frees: expect.stringMatching(`^It ended as ${ends[index]}`),
      });
    }
  }
});

// proves: http/explain-404
test('404 for no task, 405 for another method', async () => {
  for (const id of ['0190c2a5-0000-7000-8000-000000000001', 'x']) {
    expect((await api.call('GET', `/task/${id}/explain`)).status).toBe(404);
  }
  expect((await api.call('POST', '/task/x/explain')).status).toBe(405);
});
