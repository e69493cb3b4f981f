import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
});
afterAll(() => api.close());

// proves: http/health
test('health says how everything it needs is', async () => {
  await expect
    .poll(async () => (await api.call('GET', '/health')).json)
    .toEqual({
      status: 'ok',
      database: 'healthy',
      queue: 'healthy',
      pool_size: expect.any(Number),
      pool_idle: expect.any(Number),
    });
});

// proves: http/ready
test('ready', async () => {
  expect((await api.call('GET', '/ready')).json).toEqual({ status: 'ready', queue: 'healthy' });
});

describe('metrics', () => {
  // proves: http/metrics-page
  test('those without labels are there from the start, those of the contract by their names', async () => {
    const { text, headers } = await api.call('GET', '/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    const described = new Set(Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name));
    for (const name of NAMES) expect(described).toContain(name);
    for (const name of ['tasks_created_total', 'tasks_cancelled_total', 'circuit_breaker_rejections_total'])
      expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
  });

  // proves: metrics/scrape-cost
  test('a scrape asks the database nothing', async () => {
    let acquired = 0;
    const count = () => acquired++;
    api.database.pool.on('acquire', count);
    await api.call('GET', '/metrics');
    expect(acquired).toBe(0);
    await api.call('GET', '/task');
    expect(acquired).toBeGreaterThan(0);
    api.database.pool.off('acquire', count);
  });

  // proves: metrics/tasks-created-total
  test('count what this process does', async () => {
    const created = async () =>
      Number(/^tasks_created_total (\d+)/m.exec((await api.call('GET', '/metrics')).text)![1]);
    const before = await created();
    const action = { kind: 'Webhook', params: { url: 'https://receiver.example/', verb: 'Post' } };
    const body = ['a', 'b'].map((id) => ({ id, name: id, kind: 'k', on_start: action }));
    expect((await api.call('POST', '/task', { body })).status).toBe(201);
    expect(await created()).toBe(before + 2);
  });
});

// proves: http/openapi
test('the OpenAPI document', async () => {
  const { json, headers } = await api.call('GET', '/api-docs/openapi.json');
  expect(headers.get('content-type')).toContain('application/json');
  expect(json.info.title).toBe('ArcRun API');
  expect(Object.keys(json.components.schemas)).toContain('NewTaskDto');
});

describe('pages', () => {
  // proves: http/swagger-ui, http/bull-board
  test.each(['/view', '/swagger-ui/', '/admin/queues'])('%s is HTML under a strict policy', async (path) => {
    await expect.poll(async () => (await api.call('GET', path)).status).toBe(200);
    const { headers } = await api.call('GET', path);
    expect(headers.get('content-type')).toContain('text/html');
    const policy = headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  // proves: settings/relative-pages
  test('the root leads to the UI, and Swagger UI gets its slash, relative to where they are', async () => {
    expect((await api.call('GET', '/')).headers.get('location')).toBe('view');
    expect((await api.call('GET', '/swagger-ui')).headers.get('location')).toBe('swagger-ui/');
  });
});

// proves: http/error-shape
test.each(['/nothing', '/task/x/y', '/batch'])('an unknown path is 404: %s', async (path) => {
  const { status, json } = await api.call('GET', path);
  expect(status).toBe(404);
  expect(json).toMatchObject({ error: expect.any(String), status: 404 });
});

// proves: http/wrong-method
test.each([
  ['DELETE', '/health', 'GET'],
  ['POST', '/metrics', 'GET'],
  ['PUT', '/task', 'GET, POST'],
  ['DELETE', '/batches', 'GET'],
])('%s %s is a wrong method', async (method, path, allow) => {
  const { status, headers, json } = await api.call(method, path);
  expect(status).toBe(405);
  expect(headers.get('allow')).toBe(allow);
  expect(json).toMatchObject({ status: 405 });
});

test('a request id is given, or kept when it came with the request', async () => {
  expect((await api.call('GET', '/health')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  const headers = { 'x-request-id': 'mine-1' };
  expect((await api.call('GET', '/health', { headers })).headers.get('x-request-id')).toBe('mine-1');
});

/** Existing dashboards ask for these. */
const NAMES = [
  'tasks_created_total',
  'tasks_completed_total',
  'tasks_cancelled_total',
  'tasks_timed_out_total',
  'task_status_transitions_total',
  'tasks_with_dependencies_total',
  'dependency_propagations_total',
  'tasks_unblocked_total',
  'tasks_failed_by_dependency_total',
  'webhook_executions_total',
  'webhook_attempts_total',
  'webhook_idempotent_skips_total',
  'webhook_idempotent_conflicts_total',
  'tasks_blocked_by_concurrency_total',
  'worker_loop_iterations_total',
  'slow_queries_total',
  'tasks_db_save_failures_total',
  'batch_update_failures_total',
  'circuit_breaker_state_transitions_total',
  'circuit_breaker_rejections_total',
  'db_pool_connections',
  'webhook_duration_seconds',
  'task_duration_seconds',
  'task_wait_seconds',
  'worker_loop_duration_seconds',
  'tasks_processed_per_loop',
  'db_query_duration_seconds',
  'webhook_delivery_success_total',
  'webhook_delivery_retries_total',
  'webhook_delivery_lag_seconds',
  'batch_update_events_total',
  'tasks_deduped_total',
  'batch_insert_tasks',
  'batches_completed_total',
];
