import { archiveBatches } from '@arcrun/database';
import { aWorker, claimUpTo, fail, start, succeed } from '@arcrun/database/testing';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
let batchId: string;
let succeeded: string;
let failed: string;
let before: { task: object; batch: unknown; dag: unknown };

/** A finished batch, looked at and then archived. */
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
  const onStart = { kind: 'Webhook', params: { url: 'https://receiver.example/start', verb: 'Post' } };
  const { headers, json } = await api.call('POST', '/task', {
    body: ['a', 'b'].map((id) => ({ id, name: id, kind: 'k', on_start: onStart, metadata: { n: 1 } })),
  });
  batchId = headers.get('x-batch-id')!;
  [succeeded, failed] = json.map(({ id }: { id: string }) => id);
  const worker = await aWorker(api.database.db);
  await start(api.database.db, await claimUpTo(api.database.db, worker, 100));
  await succeed(api.database.db, succeeded);
  await fail(api.database.db, failed);
  before = {
    task: (await api.call('GET', `/task/${succeeded}`)).json,
    batch: (await api.call('GET', `/batch/${batchId}`)).json,
    dag: (await api.call('GET', `/dag/${batchId}`)).json,
  };
  expect(await archiveBatches(api.database.db, { ageSecs: 0, limit: 10 })).toEqual({ batches: 1, tasks: 2 });
});
afterAll(() => api.close());

// proves: http/task-archived, settings/archived-calls
test('GET answers as before, without actions', async () => {
  expect((await api.call('GET', `/task/${succeeded}`)).json).toEqual({ ...before.task, actions: [] });
  expect((await api.call('GET', `/batch/${batchId}`)).json).toEqual(before.batch);
  expect((await api.call('GET', `/dag/${batchId}`)).json).toEqual(before.dag);
});

// proves: settings/archived-calls
test('PATCH: 200 for the end that it has, 409 for anything else', async () => {
  const patch = (id: string, body: object) => api.call('PATCH', `/task/${id}`, { body });
  expect((await patch(succeeded, { status: 'Success' })).status).toBe(200);
  expect((await patch(failed, { status: 'Failure', failure_reason: 'again' })).status).toBe(200);
  for (const body of [{ status: 'Failure', failure_reason: 'late' }, { priority: 1 }, {}]) {
    const { status, json } = await patch(succeeded, body);
    expect([status, json.current_status]).toEqual([409, 'Success']);
  }
  for (const body of [{ status: 'Success' }, { priority: 1 }]) {
    const { status, json } = await api.call('PATCH', `/task/${succeeded}?attempt=2`, { body });
    expect([status, json.current_status, json.current_attempt]).toEqual([409, 'Success', 1]);
  }
  expect(
    (await api.call('PATCH', `/task/${succeeded}?attempt=1`, { body: { status: 'Success' } })).status,
  ).toBe(200);
});

// proves: settings/archived-calls, http/put-dropped
test('PUT is accepted and dropped', async () => {
  const { status } = await api.call('PUT', `/task/${succeeded}`, { body: { new_success: 1 } });
  expect(status).toBe(202);
  expect((await api.call('GET', `/task/${succeeded}`)).json.success).toBe(0);
});

// proves: settings/archived-calls
test('DELETE, pause and resume: 400 with the state', async () => {
  for (const [method, path] of [
    ['DELETE', `/task/${failed}`],
    ['PATCH', `/task/pause/${failed}`],
    ['PATCH', `/task/resume/${failed}`],
  ] as const) {
    const { status, json } = await api.call(method, path);
    expect([status, json.current_status]).toEqual([400, 'Failure']);
  }
});

// proves: settings/archived-batch
test('the batch: stopping and changing its rules find nothing to do', async () => {
  const stopped = await api.call('DELETE', `/batch/${batchId}`);
  expect(stopped.status).toBe(200);
  expect(stopped.json).toMatchObject({ batch_id: batchId, canceled_running: 0, already_terminal: 2 });
  const changed = await api.call('PATCH', `/batch/${batchId}/rules`, { body: { kind: 'k', rules: [] } });
  expect(changed.json).toEqual({ batch_id: batchId, kind: 'k', updated_count: 0 });
});

// proves: settings/archived-not-listed, rules/dedupe-archive
test('lists do not show it, and dedupe does not look at it', async () => {
  expect((await api.call('GET', '/batches')).json).toEqual([]);
  expect((await api.call('GET', '/task')).json).toEqual([]);
  const matcher = { status: 'Success', kind: 'k', fields: ['n'] };
  const onStart = { kind: 'Webhook', params: { url: 'https://receiver.example/start', verb: 'Post' } };
  const { status } = await api.call('POST', '/task', {
    body: [
      { id: 'a', name: 'a', kind: 'k', on_start: onStart, metadata: { n: 1 }, dedupe_strategy: [matcher] },
    ],
  });
  expect(status).toBe(201);
});
