import { archiveBatches, leaseDeliveries, recordDeliveries } from '@arcrun/database';
import { aWorker, claimUpTo, start, until } from '@arcrun/database/testing';
import { Doorbell, openProducerRedis } from '@arcrun/queue';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
let worker: string;
const redisUrl = new URL('/6', inject('redisUrl')).href;
const redis = openProducerRedis({ url: redisUrl, onError: () => undefined });
const doorbell = new Doorbell(redis, () => undefined);
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl });
  await until('Redis is there', async () => doorbell.queues.length > 0);
});
beforeEach(async () => {
  await api.database.clear();
  worker = await aWorker(api.database.db);
});
afterAll(async () => {
  await doorbell.close();
  redis.disconnect();
  await api.close();
});

const UNKNOWN = '0190c2a5-0000-7000-8000-000000000001';
const call = (path: string) => ({
  kind: 'Webhook',
  params: { url: `https://receiver.example/${path}`, verb: 'Post' },
});

interface Ended {
  readonly batchId: string;
  readonly ids: string[];
}

/** A finished batch: each task and the batch itself have one notification. */
async function anEndedBatch(tasks = 1): Promise<Ended> {
  const { headers, json } = await api.call('POST', '/task', {
    body: {
      tasks: Array.from({ length: tasks }, (_, index) => ({
        id: `t${index}`,
        name: `t${index}`,
        kind: 'k',
        on_start: call('start'),
        on_success: [call('told')],
      })),
      on_batch_complete: [call('done')],
    },
  });
  const ids: string[] = json.map(({ id }: { id: string }) => id);
  await start(api.database.db, await claimUpTo(api.database.db, worker, tasks));
  await Promise.all(ids.map((id) => api.call('PATCH', `/task/${id}`, { body: { status: 'Success' } })));
  return { batchId: headers.get('x-batch-id')!, ids };
}

const lease = async () =>
  (await leaseDeliveries(api.database.db, worker, { limit: 100, leaseSecs: 60, originRoom: 100 })).leased;

/** Every notification that is due is tried, and this comes of it. */
async function deliver(outcome: 'Success' | 'Exhausted' | 'Pending', retryInSecs = 0): Promise<void> {
  const leased = await lease();
  const error = outcome === 'Success' ? null : 'answered 500';
  await recordDeliveries(
    api.database.db,
    worker,
    leased.map(({ id, attempt }) => ({ id, attempt, outcome, error, retryInSecs })),
  );
}

const ledger = async (query = '') => (await api.call('GET', `/webhook-deliveries${query}`)).json;
const retry = (id: string) => api.call('POST', `/webhook-deliveries/${id}/retry`);
const retryAll = (body: unknown) => api.call('POST', '/webhook-deliveries/retry', { body });

describe('POST /webhook-deliveries/{id}/retry', () => {
  // proves: http/retry-delivery
  test('an exhausted one is due again at once, with fresh attempts and a fresh age, and the bell rings', async () => {
    const { ids } = await anEndedBatch();
    await deliver('Exhausted');
    await api.database.pool.query(`update delivery set created_at = created_at - interval '30 days'`);
    const [{ id }] = await ledger(`?task_id=${ids[0]}`);
    await redis.flushdb();
    const { status, json } = await retry(id.toUpperCase());
    expect([status, json]).toEqual([202, { retried: 1 }]);
    await until('the bell has rung', async () => (await doorbell.countJobs())['webhook']!['waiting']! > 0);
    const [due] = await ledger(`?task_id=${ids[0]}`);
    expect(due).toMatchObject({ id, status: 'Pending', attempts: 0, last_error: 'answered 500' });
    const leased = await lease();
    expect(leased).toMatchObject([{ id, attempt: 1 }]);
    expect(leased[0]!.ageSecs).toBeLessThan(60);
  });

  // proves: http/retry-delivery-pending
  test('one that waits for its next attempt is tried at once; again, nothing is to be done', async () => {
    await anEndedBatch();
    await deliver('Pending', 300);
    const [{ id, attempts }] = await ledger();
    expect((await retry(id)).json).toEqual({ retried: 1 });
    expect((await retry(id)).json).toEqual({ retried: 0 });
    expect(await lease()).toMatchObject([{ id, attempt: attempts + 1 }]);
    // It is being delivered just now.
    const { status, json } = await retry(id);
    expect([status, json]).toEqual([202, { retried: 0 }]);
  });

  // proves: http/retry-delivery-refused
  test('404 for none, 409 for one that has been delivered', async () => {
    await anEndedBatch();
    await deliver('Success');
    const [{ id }] = await ledger();
    const { status, json } = await retry(id);
    expect([status, json.current_status]).toEqual([409, 'Success']);
    for (const unknown of [UNKNOWN, 'x']) expect((await retry(unknown)).status).toBe(404);
    expect((await api.call('GET', `/webhook-deliveries/${id}/retry`)).status).toBe(405);
  });

  // proves: http/retry-delivery-refused
  test('409 for one in the archive', async () => {
    const { batchId } = await anEndedBatch();
    await deliver('Exhausted');
    const [{ id }] = await ledger();
    expect(await archiveBatches(api.database.db, { ageSecs: 0, limit: 10 })).toMatchObject({ batches: 1 });
    const { status, json } = await retry(id);
    expect([status, json.code]).toEqual([409, 'archived']);
    expect((await retryAll({ batch_id: batchId })).json).toEqual({ retried: 0 });
  });

  test('what was retried just before its batch is archived holds it back', async () => {
    await anEndedBatch();
    await deliver('Exhausted');
    const [{ id }] = await ledger();
    await retry(id);
    expect(await archiveBatches(api.database.db, { ageSecs: 0, limit: 10 })).toMatchObject({ batches: 0 });
    expect(await lease()).toHaveLength(1);
  });
});

describe('POST /webhook-deliveries/retry', () => {
  // proves: http/retry-deliveries
  test('all, those of a task, or those of a batch and its tasks', async () => {
    const one = await anEndedBatch(2);
    const other = await anEndedBatch(2);
    const exhaust = () => deliver('Exhausted');
    await exhaust();
    const pending = async () => (await ledger('?status=pending')).length;
    for (const [body, retried] of [
      [{ task_id: one.ids[0]!.toUpperCase() }, 1],
      [{ batch_id: other.batchId, status: 'exhausted' }, 3],
      [{ task_id: one.ids[0], batch_id: one.batchId }, 1],
      [{ task_id: one.ids[0], batch_id: other.batchId }, 0],
      [{ task_id: UNKNOWN }, 0],
      [{ batch_id: UNKNOWN }, 0],
      [{ status: null }, 6],
      [{ status: 'Success' }, 0],
    ] as const) {
      const { status, json } = await retryAll(body);
      expect([body, status, json]).toEqual([body, 202, { retried }]);
      expect(await pending()).toBe(retried);
      await exhaust();
    }
  });

  // proves: http/retry-deliveries
  test('delivered ones are left, and no more than once each however many steps it takes', async () => {
    await anEndedBatch();
    await deliver('Success');
    await api.database.pool.query(`
      insert into delivery (task_id, trigger, condition, position, action, origin, status, attempts, created_at, updated_at)
      select gen_random_uuid(), 'End', 'Success', 0, decode(repeat('00', 16), 'hex'), 'https://receiver.example',
             'Exhausted', 10, now(), now() - (n % 7) * interval '1 min'
      from generate_series(1, 2500) n`);
    const answers = await Promise.all([retryAll({}), retryAll({})]);
    expect(answers.map(({ json }) => json.retried).reduce((a, b) => a + b)).toBe(2500);
    const { rows } = await api.database.pool.query(
      'select status, attempts, count(*)::integer as n from delivery group by 1, 2 order by 1',
    );
    expect(rows).toEqual([
      { status: 'Pending', attempts: 0, n: 2500 },
      { status: 'Success', attempts: 1, n: 2 },
    ]);
  });

  // proves: http/retry-deliveries-errors
  test.each([
    [{ status: 'lost' }, 'status: must be one of'],
    [{ task_id: 'x' }, 'task_id: must be a UUID'],
    [{ batch_id: 7 }, 'batch_id: must be'],
  ])('%j is 400', async (body, detail) => {
    const { status, json } = await retryAll(body);
    expect([status, json.details]).toEqual([400, [expect.stringContaining(detail)]]);
  });
});

// proves: http/ledger-filter-subject
test('the ledger of a task, of a batch with its tasks, and both', async () => {
  const one = await anEndedBatch(2);
  await anEndedBatch();
  const subjects = async (query: string) =>
    (await ledger(query)).map(
      ({ task_id: task, batch_id: batch }: { task_id: string; batch_id: string }) => task ?? batch,
    );
  expect(await subjects(`?task_id=${one.ids[0]}`)).toEqual([one.ids[0]]);
  expect((await subjects(`?batch_id=${one.batchId}`)).toSorted()).toEqual(
    [one.batchId, ...one.ids].toSorted(),
  );
  expect(await subjects(`?batch_id=${one.batchId}&task_id=${one.ids[1]}&status=pending`)).toEqual([
    one.ids[1],
  ]);
  expect(await subjects(`?batch_id=${one.batchId}&status=exhausted`)).toEqual([]);
  const first = await api.call('GET', `/webhook-deliveries?batch_id=${one.batchId}&page_size=2`);
  const next = /^<(\?[^>]+)>/.exec(first.headers.get('link')!)![1];
  expect([first.json.length, (await ledger(next)).length]).toEqual([2, 1]);
  expect((await api.call('GET', '/webhook-deliveries?task_id=x')).json.details).toEqual([
    'task_id: must be a UUID',
  ]);
});
