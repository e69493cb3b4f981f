import type * as contracts from '@arcrun/contracts';
import { buildOpenApi } from '@arcrun/contracts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, expectTypeOf, test } from 'vitest';
import { json, serve } from '../testing/scripted-server.ts';
import { createClient } from './index.ts';
import type { ArcRunClient } from './index.ts';
import type * as client from './index.ts';

/** As the client sees it: the server keeps long numbers as their text, which JSON.parse does not. */
type Parsed<T> = contracts.RawNumber extends T
  ? client.Json
  : T extends readonly (infer Item)[]
    ? Parsed<Item>[]
    : T extends object
      ? { [Name in keyof T]: Parsed<T[Name]> }
      : T;

// The client has types of its own, so that it needs no package of the server; the compiler holds them together.
test('the types of answers are those of the contract', () => {
  // The schema of actions is shared with requests, where headers may be null.
  expectTypeOf<Omit<client.Task, 'actions'>>().toEqualTypeOf<Omit<Parsed<contracts.TaskDto>, 'actions'>>();
  expectTypeOf<client.BasicTask>().toEqualTypeOf<Parsed<contracts.BasicTaskDto>>();
  expectTypeOf<client.BatchStats>().toEqualTypeOf<Parsed<contracts.BatchStatsDto>>();
  expectTypeOf<client.BatchSummary>().toEqualTypeOf<Parsed<contracts.BatchSummaryDto>>();
  expectTypeOf<client.Dag>().toEqualTypeOf<Parsed<contracts.DagDto>>();
  expectTypeOf<client.StopBatchResult>().toEqualTypeOf<Parsed<contracts.StopBatchResponseDto>>();
  expectTypeOf<client.UpdateRulesResult>().toEqualTypeOf<Parsed<contracts.UpdateBatchRulesResponseDto>>();
  expectTypeOf<client.RerunPlan>().toEqualTypeOf<Parsed<contracts.RerunPlanDto>>();
  expectTypeOf<client.Delivery>().toEqualTypeOf<Parsed<contracts.WebhookDeliveryDto>>();
  expectTypeOf<client.Health>().toEqualTypeOf<Parsed<contracts.HealthDto>>();
  expectTypeOf<client.Explanation>().toExtend<Parsed<contracts.ExplainDto>>();
  expectTypeOf<Parsed<contracts.ExplainDto>>().toExtend<client.Explanation>();
});

test('the types of requests are taken by the contract, and leave nothing out', () => {
  expectTypeOf<client.NewTask>().toExtend<Parsed<contracts.NewTaskDto>>();
  expectTypeOf<keyof client.NewTask>().toEqualTypeOf<keyof contracts.NewTaskDto>();
  expectTypeOf<client.NewBatch>().toExtend<Parsed<contracts.NewBatchDto>>();
  expectTypeOf<keyof client.NewBatch>().toEqualTypeOf<keyof contracts.NewBatchDto>();
  expectTypeOf<client.UpdateTask>().toExtend<Parsed<contracts.UpdateTaskDto>>();
  expectTypeOf<keyof client.UpdateTask>().toEqualTypeOf<keyof contracts.UpdateTaskDto>();
  expectTypeOf<client.RetryDeliveries>().toExtend<Parsed<contracts.RetryDeliveriesDto>>();
  expectTypeOf<keyof client.RetryDeliveries>().toEqualTypeOf<keyof contracts.RetryDeliveriesDto>();
  expectTypeOf<client.NewRerun & { dry_run: true }>().toExtend<Parsed<contracts.NewRerunDto>>();
  expectTypeOf<client.NewAction>().toExtend<Parsed<contracts.NewActionDto>>();
  expectTypeOf<client.Rule>().toExtend<Parsed<contracts.RuleDto>>();
});

/** For people, their pages and Prometheus. */
const PAGES = ['/metrics', '/overview', '/view', '/swagger-ui/', '/api-docs/openapi.json', '/ready'];
const isPage = (path: string): boolean => PAGES.includes(path) || path.startsWith('/admin/');

/** Each method of the client by the call that it makes. */
const METHODS: Record<string, (api: ArcRunClient) => Promise<unknown>> = {
  'POST /task': (api) => api.createBatch([]),
  'GET /task': (api) => api.listTasks(),
  'GET /task/{id}': (api) => api.getTask('{id}'),
  'PATCH /task/{id}': (api) => api.updateTask('{id}', {}),
  'PUT /task/{id}': (api) => api.addProgress('{id}', { success: 1 }),
  'DELETE /task/{id}': (api) => api.cancelTask('{id}'),
  'PATCH /task/pause/{id}': (api) => api.pauseTask('{id}'),
  'PATCH /task/resume/{id}': (api) => api.resumeTask('{id}'),
  'GET /task/{id}/explain': (api) => api.explainTask('{id}'),
  'GET /batch/{id}': (api) => api.getBatch('{id}'),
  'DELETE /batch/{id}': (api) => api.stopBatch('{id}'),
  'PATCH /batch/{id}/rules': (api) => api.updateBatchRules('{id}', { kind: 'k', rules: [] }),
  'POST /batch/{id}/rerun': (api) => api.rerunBatch('{id}'),
  'GET /batch/{id}/events': async (api) => {
    await api.watchBatch('{id}').next();
  },
  'GET /batches': (api) => api.listBatches(),
  'GET /dag/{batch_id}': (api) => api.getDag('{batch_id}'),
  'GET /webhook-deliveries': (api) => api.listDeliveries(),
  'POST /webhook-deliveries/{id}/retry': (api) => api.retryDelivery('{id}'),
  'POST /webhook-deliveries/retry': (api) => api.retryDeliveries(),
  'GET /health': (api) => api.getHealth(),
};

const document: { paths: Record<string, object> } = JSON.parse(JSON.stringify(buildOpenApi()));
const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
  isPage(path) ? [] : Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

// proves: client/all-calls
test('the client makes every call of the contract', async () => {
  expect(Object.keys(METHODS).sort()).toEqual(calls.sort());
  for (const [call, make] of Object.entries(METHODS)) {
    const { url, seen } = await serve(json(401, { error: 'no', status: 401 }));
    await make(createClient({ url, maxAttempts: 1 })).catch(() => undefined);
    const made = seen.map((one) => `${one.method} ${decodeURIComponent(one.url)}`);
    expect(made).toEqual([call]);
  }
});

test('the README of the client names every call', async () => {
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  expect(calls.filter((call) => !readme.includes(`\`${call}\``))).toEqual([]);
});
