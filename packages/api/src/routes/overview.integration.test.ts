import { takeSample } from '@arcrun/database';
import { aWorker, SAMPLE_NOW } from '@arcrun/database/testing';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
});
afterAll(() => api.close());

test('GET /overview tells what has been sampled', async () => {
  const empty = (await api.call('GET', '/overview')).json;
  expect(empty).toMatchObject({ sampled_at: null, oldest_pending: null, workers: [] });

  const onStart = { kind: 'Webhook', params: { url: 'https://receiver.example/start', verb: 'Post' } };
  const body = [{ id: 'a', name: '<b>a</b>', kind: 'etl', on_start: onStart }];
  const [{ id }] = (await api.call('POST', '/task', { body })).json;
  await aWorker(api.database.db);
  await takeSample(api.database.db, SAMPLE_NOW);

  const { status, headers, json } = await api.call('GET', '/overview');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toContain('application/json');
  expect(json.oldest_pending).toMatchObject({ id, name: '<b>a</b>', kind: 'etl' });
  expect(json.kinds).toMatchObject([{ kind: 'etl', running: 0, pending: 1 }]);
});

test('only GET', async () => {
  const { status, headers } = await api.call('POST', '/overview', { body: {} });
  expect(status).toBe(405);
  expect(headers.get('allow')).toBe('GET');
});
