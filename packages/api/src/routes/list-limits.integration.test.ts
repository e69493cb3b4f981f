import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({
    templateUrl: inject('templateUrl'),
    redisUrl: inject('redisUrl'),
    settings: { LIST_TIMEOUT_MS: '50' },
  });
});
afterAll(() => api.close());

// proves: http/list-limit
test.each([
  '/task',
  '/task?page=5000',
  '/task?name=ab',
  '/batches?name=ab',
  '/batches?search=x',
  '/webhook-deliveries',
])('%s is 503 when it takes too long, and the database is not held to be gone', async (path) => {
  const client = await api.database.pool.connect();
  try {
    // What has to be read is not there to be had.
    await client.query('begin; lock table task, batch, delivery in access exclusive mode');
    for (let call = 0; call < 6; call++) {
      const { status, headers, json } = await api.call('GET', path);
      expect([status, headers.get('retry-after'), json]).toEqual([
        503,
        '1',
        expect.objectContaining({
          status: 503,
          code: 'unavailable',
          error: expect.stringMatching('too long'),
        }),
      ]);
    }
  } finally {
    await client.query('rollback');
    client.release();
  }
  expect((await api.call('GET', path)).status).toBe(200);
});
