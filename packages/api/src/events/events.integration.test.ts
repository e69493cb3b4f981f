import { archiveBatches } from '@arcrun/database';
import { aWorker, claimUpTo, start } from '@arcrun/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type EventReader, openEvents, type ReceivedEvent } from '../../testing/event-reader.ts';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

const services = { templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') };
let api: RunningApi;
let readers: EventReader[];
beforeAll(async () => {
  api = await startApi(services);
});
beforeEach(async () => {
  readers = [];
  await api.database.clear();
});
afterEach(() => {
  for (const reader of readers) reader.close();
});
afterAll(() => api.close());

const UNKNOWN = '0190c2a5-0000-7000-8000-000000000001';
const onStart = { kind: 'Webhook', params: { url: 'https://receiver.example/start', verb: 'Post' } };

async function create(count: number): Promise<{ batchId: string; ids: string[] }> {
  const { headers, json } = await api.call('POST', '/task', {
    body: Array.from({ length: count }, (_, index) => ({
      id: `t${index}`,
      name: `t${index} 🚀\n"`,
      kind: 'k',
      on_start: onStart,
    })),
  });
  return { batchId: headers.get('x-batch-id')!, ids: json.map(({ id }: { id: string }) => id) };
}
async function watch(batchId: string, at = api, headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await openEvents(`${at.url}/batch/${batchId}/events`, headers);
  readers.push(reader);
  return reader;
}
async function run(): Promise<void> {
  const worker = await aWorker(api.database.db);
  await start(api.database.db, await claimUpTo(api.database.db, worker, 100_000));
}
const succeed = (id: string) => api.call('PATCH', `/task/${id}`, { body: { status: 'Success' } });
const progress = (id: string) => api.call('PUT', `/task/${id}`, { body: { new_success: 1 } });
const tasksOf = async (batchId: string) => (await api.call('GET', `/dag/${batchId}`)).json.tasks;
const idsIn = (event: ReceivedEvent | null): string[] =>
  event!.data.tasks.map(({ id }: { id: string }) => id);

/** Reads on until a task is in the state that is looked for. */
async function until(reader: EventReader, isSo: (task: { id: string; success: number }) => boolean) {
  for (let event = await reader.next(); event !== null; event = await reader.next()) {
    if (event.event !== 'end' && event.data.tasks.some(isSo)) return event;
  }
  throw new Error('the stream ended before');
}

// proves: http/events, http/events-end
test('a snapshot, the changed tasks, and the end', async () => {
  const { batchId, ids } = await create(3);
  await run();
  const reader = await watch(batchId.toUpperCase());
  expect(reader.status).toBe(200);
  expect(reader.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  expect(reader.headers['content-encoding']).toBeUndefined();
  const snapshot = await reader.next();
  expect(snapshot).toMatchObject({ event: 'snapshot', id: undefined });
  expect(snapshot!.data).toEqual({
    batch: (await api.call('GET', `/batch/${batchId}`)).json,
    tasks: await tasksOf(batchId),
  });

  await progress(ids[1]!);
  const tasks = await reader.next();
  expect(tasks!.event).toBe('tasks');
  expect(tasks!.data).toEqual({
    batch: (await api.call('GET', `/batch/${batchId}`)).json,
    tasks: [(await tasksOf(batchId))[1]],
  });
  expect(tasks!.data.batch.total_success).toBe(1);

  await Promise.all(ids.map(succeed));
  const rest = await reader.rest();
  expect(rest.at(-1)).toMatchObject({ event: 'end', id: 'end' });
  expect(rest.at(-1)!.data).toEqual({ batch: (await api.call('GET', `/batch/${batchId}`)).json });
  const told = new Map(
    rest.slice(0, -1).flatMap(({ data }) => data.tasks.map((task: { id: string }) => [task.id, task])),
  );
  expect(ids.map((id) => told.get(id))).toEqual(await tasksOf(batchId));
});

// proves: http/events-end
test('a batch that has ended, from the archive too: a snapshot and the end at once', async () => {
  const { batchId, ids } = await create(2);
  await run();
  await Promise.all(ids.map(succeed));
  const [batch, tasks] = [(await api.call('GET', `/batch/${batchId}`)).json, await tasksOf(batchId)];
  for (const isArchived of [false, true]) {
    if (isArchived) await archiveBatches(api.database.db, { ageSecs: 0, limit: 10 });
    const events = await (await watch(batchId)).rest();
    expect(events).toMatchObject([
      { event: 'snapshot', data: { batch, tasks } },
      { event: 'end', data: { batch } },
    ]);
    // A browser asks again when a stream has ended: this tells it not to.
    expect((await watch(batchId, api, { 'last-event-id': 'end' })).status).toBe(204);
  }
  const empty = (await api.call('POST', '/task', { body: { tasks: [] } })).headers.get('x-batch-id')!;
  expect(await (await watch(empty)).rest()).toMatchObject([
    { event: 'snapshot', data: { batch: { total_tasks: 0 }, tasks: [] } },
    { event: 'end' },
  ]);
});

// proves: http/events-404
test('404 before the stream begins', async () => {
  for (const id of [UNKNOWN, 'x']) {
    const { status, json } = await api.call('GET', `/batch/${id}/events`);
    expect([status, json.error]).toEqual([404, 'Batch not found']);
  }
  expect((await api.call('POST', '/batch/x/events')).status).toBe(405);
  const { batchId } = await create(1);
  expect((await api.call('HEAD', `/batch/${batchId}/events`)).status).toBe(200);
});

// proves: http/events-resume
test('who comes again gets a snapshot of now', async () => {
  const { batchId, ids } = await create(2);
  await run();
  const lost = await watch(batchId);
  await lost.next();
  lost.close();
  await progress(ids[0]!);
  expect((await (await watch(batchId)).next())!.data).toEqual({
    batch: (await api.call('GET', `/batch/${batchId}`)).json,
    tasks: await tasksOf(batchId),
  });
});

// proves: http/events-rate
test('at most four messages a second, whatever happens, and the last state is told', async () => {
  const { batchId, ids } = await create(2);
  await run();
  const reader = await watch(batchId);
  await reader.next();
  const beganMs = performance.now();
  let changes = 0;
  while (performance.now() - beganMs < 2500) {
    await progress(ids[changes++ % 2]!);
  }
  await until(reader, ({ success }) => success === Math.floor(changes / 2));
  const times = reader.received.slice(1).map(({ atMs }) => atMs);
  expect(changes).toBeGreaterThan(times.length);
  expect(times.length).toBeGreaterThan(3);
  const fours = times.slice(4).map((atMs, index) => atMs - times[index]!);
  // They are sent at least 250 ms apart; on the way it may be a little less.
  expect(Math.min(...fours)).toBeGreaterThan(900);
});

describe('on any process', () => {
  // proves: http/events-anywhere
  test.each([
    ['with the bell', services.redisUrl],
    ['without Redis', 'redis://127.0.0.1:1'],
  ])('%s', async (_, redisUrl) => {
    const other = await startApi({ ...services, redisUrl, database: api.database });
    try {
      const { batchId, ids } = await create(2);
      await run();
      const reader = await watch(batchId, other);
      await reader.next();
      await progress(ids[1]!);
      expect(idsIn(await reader.next())).toEqual([ids[1]]);
      await api.call('DELETE', `/batch/${batchId}`);
      expect((await reader.rest()).at(-1)).toMatchObject({
        event: 'end',
        data: { batch: { status_counts: { canceled: 2 } } },
      });
    } finally {
      await other.close();
    }
  });
});

describe('what changes by the order of commits', () => {
  // proves: http/events-commits
  test('a change that is committed late is not missed, and holds nothing up', async () => {
    const { batchId, ids } = await create(3);
    await run();
    const reader = await watch(batchId);
    await reader.next();
    const late = await api.database.pool.connect();
    await late.query('begin');
    // Its row carries the id of a part of the transaction, which no snapshot knows of.
    await late.query('savepoint part');
    await late.query(
      `update task_state set success = 7, last_updated = now() - interval '1 day' where id = $1`,
      [ids[0]],
    );
    await late.query('release savepoint part');
    await progress(ids[1]!);
    expect(idsIn(await reader.next())).toEqual([ids[1]]);
    // What was told while it was open is not told again and again.
    await progress(ids[2]!);
    expect(idsIn(await reader.next())).toEqual([ids[2]]);
    await late.query('commit');
    late.release();
    const told = await reader.next();
    expect(told!.data.tasks).toMatchObject([{ id: ids[0], success: 7 }]);
    await progress(ids[0]!);
    expect((await reader.next())!.data.tasks).toMatchObject([{ id: ids[0], success: 8 }]);
  });
});

// proves: http/events-resume
test('a stream outlives the connections to the database', async () => {
  const { batchId, ids } = await create(2);
  await run();
  const reader = await watch(batchId);
  await reader.next();
  await api.database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await api.database.pool.query('update task_state set success = 3 where id = $1', [ids[1]]);
  expect((await reader.next())!.data.tasks).toMatchObject([{ id: ids[1], success: 3 }]);
});

// proves: http/events-large
test('10,000 tasks', async () => {
  const { batchId, ids } = await create(10_000);
  const [reader, another] = await Promise.all([watch(batchId), watch(batchId)]);
  expect(idsIn(await reader.next())).toEqual(ids);
  expect(idsIn(await another.next())).toEqual(ids);
  await api.call('DELETE', `/batch/${batchId}`);
  for (const each of [reader, another]) {
    const [tasks, end] = await each.rest();
    expect(idsIn(tasks!)).toEqual(ids);
    expect(end).toMatchObject({ event: 'end', data: { batch: { status_counts: { canceled: 10_000 } } } });
  }
});

// proves: http/events-slow
test('a client that is slow misses states between, not the last, and holds up nobody', async () => {
  const { batchId, ids } = await create(4000);
  const [fast, slow] = await Promise.all([watch(batchId), watch(batchId)]);
  await Promise.all([fast.next(), slow.next()]);
  slow.pause();
  const rounds = 12;
  for (let round = 1; round <= rounds; round++) {
    await api.database.pool.query('update task_state set success = success + 1 where batch_id = $1', [
      batchId,
    ]);
    // Rings the bell, and changes nothing.
    await progress(UNKNOWN);
    await until(fast, ({ id, success }) => id === ids[3999] && success === round);
  }
  const before = slow.received.length;
  slow.resume();
  const last = await until(slow, ({ id, success }) => id === ids[3999] && success === rounds);
  expect(last.data.tasks.every(({ success }: { success: number }) => success === rounds)).toBe(true);
  // Some messages fit into the buffers of the connection; the rest were not kept for it.
  expect(slow.received.length - before).toBeLessThan(rounds - 2);
}, 60_000);

describe('bounds', () => {
  // proves: http/events-limit
  test('too many streams are 503, until one is closed', async () => {
    const other = await startApi({
      ...services,
      database: api.database,
      settings: { EVENT_STREAMS_MAX: '1' },
    });
    try {
      const { batchId } = await create(1);
      const first = await watch(batchId, other);
      await first.next();
      const refused = await other.call('GET', `/batch/${batchId}/events`);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
      first.close();
      let reader = await watch(batchId, other);
      while (reader.status === 503) reader = await watch(batchId, other);
      expect((await reader.next())!.event).toBe('snapshot');
    } finally {
      await other.close();
    }
  });

  // proves: http/events-stop
  test('a process that stops closes its streams', async () => {
    const other = await startApi({ ...services, database: api.database });
    const { batchId } = await create(1);
    const reader = await watch(batchId, other);
    await reader.next();
    await other.close();
    expect(await reader.rest()).toEqual([]);
  });

  // proves: http/events-token
  test('behind the token', async () => {
    const token = 'a-token-of-sixteen-and-more';
    const other = await startApi({ ...services, database: api.database, settings: { AUTH_TOKEN: token } });
    try {
      const { batchId } = await create(1);
      expect((await watch(batchId, other)).status).toBe(401);
      const reader = await watch(batchId, other, { authorization: `Bearer ${token}` });
      expect((await reader.next())!.event).toBe('snapshot');
    } finally {
      await other.close();
    }
  });
});
