import { expect, test } from 'vitest';
import { readRoute, type Route, toUrl } from './routes.ts';

test.each<[string, Route]>([
  ['', { page: 'batches' }],
  ['status=Running', { page: 'batches' }],
  ['page=overview', { page: 'overview' }],
  ['page=deliveries', { page: 'deliveries' }],
  ['page=nonsense', { page: 'batches' }],
  ['batch=b', { page: 'batch', batchId: 'b', tab: 'graph' }],
  ['batch=%20b%20&tab=table', { page: 'batch', batchId: 'b', tab: 'table' }],
  ['batch=b&tab=nonsense', { page: 'batch', batchId: 'b', tab: 'graph' }],
  ['task=t', { page: 'task', taskId: 't' }],
])('?%s', (query, route) => {
  expect(readRoute(new URLSearchParams(query))).toEqual(route);
  expect(readRoute(new URL(toUrl(route), 'http://host/').searchParams)).toEqual(route);
});

test('what a view shows besides goes with it', () => {
  expect(toUrl({ page: 'batches' }, { status: 'Running', kind: '', name: undefined })).toBe(
    'view?status=Running',
  );
  expect(toUrl({ page: 'batches' })).toBe('view');
});
