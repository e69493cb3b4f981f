import { until } from '@arcrun/database/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

// Harmless to other tests, which share the Redis: it takes away what failed and is kept for looking at.
const CHANGE = '/admin/queues/api/queues/start/clean/failed';

async function open(settings: Readonly<Record<string, string>>): Promise<RunningApi> {
  const api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl'), settings });
  await until('Redis is reached', async () => (await api.call('GET', '/admin/queues')).status === 200);
  return api;
}

describe.each([
  ['read-only unless it is opened', {}, true],
  ['open when a setting says so', { QUEUE_BOARD_WRITABLE: '1' }, false],
])('the board of the queues is %s', (_, settings, isReadOnly) => {
  let api: RunningApi;
  beforeAll(async () => {
    api = await open(settings);
  });
  afterAll(() => api.close());

  // proves: http/bull-board
  test('it has all queues', async () => {
    const { queues } = (await api.call('GET', '/admin/queues/api/queues')).json;
    expect(queues.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'propagation',
      'start',
      'timeout',
      'webhook',
    ]);
    for (const queue of queues) expect(queue).toMatchObject({ readOnlyMode: isReadOnly });
  });

  // proves: http/bull-board-read-only
  test('a change', async () => {
    expect((await api.call('PUT', CHANGE)).status).toBe(isReadOnly ? 405 : 200);
  });

  test('no change for a page of another origin', async () => {
    const foreign = { origin: 'https://evil.example' };
    expect((await api.call('PUT', CHANGE, { headers: foreign })).status).toBe(403);
    expect((await api.call('GET', '/admin/queues/api/queues', { headers: foreign })).status).toBe(200);
    const own = { origin: 'http://arcrun.example' };
    expect((await api.call('PUT', CHANGE, { headers: own })).status).toBe(isReadOnly ? 405 : 200);
  });
});
