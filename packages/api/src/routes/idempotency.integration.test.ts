import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { forgetIdempotencyKeys } from '@arcrun/database';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
});
beforeEach(() => api.database.clear());
afterAll(() => api.close());

const action = { kind: 'Webhook', params: { url: 'https://receiver.example/', verb: 'Post' } };
const tasks = (...names: string[]) => names.map((name) => ({ id: name, name, kind: 'k', on_start: action }));

const post = (key: string, body: unknown = tasks('a', 'b')) =>
  api.call('POST', '/task', { body, headers: { 'idempotency-key': key } });

const batches = async (): Promise<number> => {
  const { rows } = await api.database.pool.query<{ n: number }>('select count(*)::integer as n from batch');
  return rows[0]!.n;
};

// proves: http/idempotency-key
test('the same key and body give the first answer again, byte for byte', async () => {
  const first = await post('k1');
  expect(first.status).toBe(201);
  await api.call('DELETE', `/task/${first.json[0].id}`);
  const again = await post('k1');
  expect([again.status, again.text, again.headers.get('x-batch-id')]).toEqual([
    201,
    first.text,
    first.headers.get('x-batch-id'),
  ]);
  expect(await batches()).toBe(1);
  expect((await post('k2')).headers.get('x-batch-id')).not.toBe(first.headers.get('x-batch-id'));
});

test('an empty answer is kept too', async () => {
  const first = await post('k', []);
  const again = await post('k', []);
  expect([first.status, again.status]).toEqual([204, 204]);
  expect(again.headers.get('x-batch-id')).toBe(first.headers.get('x-batch-id'));
  expect(await batches()).toBe(1);
});

// proves: http/idempotency-other-body
test('another body is 422, even when it only differs by a blank', async () => {
  await post('k', '[]');
  const other = await post('k', '[ ]');
  expect(other.status).toBe(422);
  expect(other.json).toMatchObject({ status: 422, code: 'key_reused' });
  expect(await batches()).toBe(1);
});

// proves: http/idempotency-errors
test('what was not valid is not kept', async () => {
  expect((await post('k', [{ id: 'a' }])).status).toBe(400);
  expect((await post('k', tasks('a'))).status).toBe(201);
});

// proves: http/idempotency-errors
test('what was refused by the database is not kept', async () => {
  const ways = Array.from({ length: 33 }, (_, index) => ({
    status: 'Pending',
    kind: 'k',
    fields: [`f${index}`],
  }));
  const crowded = Array.from({ length: 4 }, (_, index) => ({
    ...tasks(`t${index}`)[0],
    dedupe_strategy: ways.slice(index * 10, index * 10 + 10),
  }));
  const refused = await post('k', crowded);
  expect(refused.status).toBe(400);
  expect(refused.json.details[0]).toContain('more than 32 ways');
  expect((await post('k', tasks('a'))).status).toBe(201);
});

// proves: http/idempotency-key-length
test.each([
  ['empty', ''],
  ['too long', 'x'.repeat(256)],
])('a key that is %s is 400 and names the header', async (_name, key) => {
  const { status, json } = await post(key);
  expect(status).toBe(400);
  expect(json.details).toEqual(['Idempotency-Key: must have 1 to 255 characters']);
});

// proves: http/idempotency-key-length
test('a key of 255 characters will do', async () => {
  expect((await post('x'.repeat(255))).status).toBe(201);
});

// proves: http/idempotency-key
test('a key is forgotten after 24 hours, before it is removed too', async () => {
  const first = await post('k');
  await api.database.pool.query(`update idempotency_key set created_at = now() - interval '23 hours'`);
  expect((await post('k')).text).toBe(first.text);
  await api.database.pool.query(`update idempotency_key set created_at = now() - interval '25 hours'`);
  expect((await post('k')).headers.get('x-batch-id')).not.toBe(first.headers.get('x-batch-id'));
  expect(await forgetIdempotencyKeys(api.database.db, 10)).toBe(0);
  await api.database.pool.query(`update idempotency_key set created_at = now() - interval '25 hours'`);
  expect(await forgetIdempotencyKeys(api.database.db, 10)).toBe(1);
});

describe('at the same moment', () => {
  // proves: http/idempotency-twin
  test('twins wait for the first and get its answer', async () => {
    for (let round = 0; round < 100; round++) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => post(`twin ${round}`)));
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
      expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
      expect(await batches()).toBe(round + 1);
    }
  });

  // proves: http/idempotency-other-body
  test('of two bodies one wins, the other is 422', async () => {
    for (let round = 0; round < 50; round++) {
      const answers = await Promise.all([post(`k${round}`, tasks('a')), post(`k${round}`, tasks('b'))]);
      expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([201, 422]);
    }
  });
});

// proves: http/create-204, metrics/tasks-deduped-total
test('duplicates: 201 with those that were created, 204 when there is none', async () => {
  const once = (id: string, metadata: unknown) => ({
    ...tasks(id)[0],
    metadata,
    dedupe_strategy: [{ status: 'Pending', kind: 'k', fields: ['t'] }],
  });
  const first = await api.call('POST', '/task', { body: [once('a', { t: 1 }), once('b', { t: 1 })] });
  expect([first.status, first.json.map((task: { name: string }) => task.name)]).toEqual([201, ['a']]);
  const second = await api.call('POST', '/task', { body: [once('c', { t: 1 })] });
  expect(second.status).toBe(204);
  const batchId = second.headers.get('x-batch-id')!;
  expect((await api.call('GET', `/batch/${batchId}`)).json).toMatchObject({ total_tasks: 0 });
  const metrics = await api.call('GET', '/metrics');
  expect(metrics.text).toMatch(/^tasks_deduped_total 2$/m);
});
