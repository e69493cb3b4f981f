import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { DEFAULT_BATCH_LIMITS } from './limits.ts';
import { buildOpenApi } from './openapi.ts';
import {
  LOG_LEVEL_EXAMPLES,
  NEW_RERUN_EXAMPLES,
  NEW_BATCH_EXAMPLES,
  RETRY_DELIVERIES_EXAMPLES,
  UPDATE_BATCH_RULES_EXAMPLES,
  UPDATE_COUNTERS_EXAMPLES,
  UPDATE_TASK_EXAMPLES,
} from './openapi/examples.ts';
import { parseJsonText } from './validate/lossless-json.ts';
import type { Json } from './validate/lossless-json.ts';
import { parseLogLevel } from './validate/log-level.ts';
import { parseNewBatch } from './validate/new-batch.ts';
import { parseRerun } from './validate/rerun.ts';
import { parseRetryDeliveries } from './validate/retry-deliveries.ts';
import { parseBatchRules } from './validate/rules.ts';
import { parseCounters, parseUpdateTask } from './validate/update-task.ts';

type Document = {
  info: { title: string };
  paths: { [path: string]: { [method: string]: { operationId: string; requestBody?: { content: object } } } };
  components: { schemas: { [name: string]: { properties?: object } } };
};

const document: Document = JSON.parse(JSON.stringify(buildOpenApi()));

const CONTRACT_NAMES = [
  'NewTaskDto',
  'TaskDto',
  'BasicTaskDto',
  'UpdateTaskDto',
  'NewActionDto',
  'ActionDto',
  'Dependency',
  'LinkDto',
  'DagDto',
  'StatusKind',
  'Matcher',
  'BatchStatsDto',
  'BatchSummaryDto',
  'BatchStatusCounts',
  'StopBatchResponseDto',
  'UpdateBatchRulesDto',
  'UpdateBatchRulesResponseDto',
];

// proves: http/openapi
test('it is a valid OpenAPI 3.1 document', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  expect(result).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  expect(document.info.title).toBe('ArcRun API');
});

// proves: http/openapi-names
test('the schemas have the names that generated clients depend on', () => {
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(CONTRACT_NAMES));
});

test('every reference has a target, and a named schema stands nowhere twice', () => {
  const text = JSON.stringify(document);
  const targets = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]));
  for (const target of targets) expect(document.components.schemas).toHaveProperty(target!);
  expect(text.match(/"requires_success":\{"type":"boolean","description":"Whether/g)).toHaveLength(1);
});

// proves: http/openapi
test('every call of the contract is there, each with an id of its own', () => {
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(calls.sort()).toEqual(
    [
      'POST /task',
      'GET /task',
      'GET /task/{id}',
      'PATCH /task/{id}',
      'PUT /task/{id}',
      'DELETE /task/{id}',
      'PATCH /task/pause/{id}',
      'PATCH /task/resume/{id}',
      'GET /batch/{id}',
      'DELETE /batch/{id}',
      'PATCH /batch/{id}/rules',
      'POST /batch/{id}/rerun',
      'GET /batches',
      'GET /dag/{batch_id}',
      'GET /webhook-deliveries',
      'POST /webhook-deliveries/{id}/retry',
      'POST /webhook-deliveries/retry',
      'GET /task/{id}/explain',
      'GET /batch/{id}/events',
      'GET /view',
      'GET /health',
      'GET /ready',
      'GET /overview',
      'GET /metrics',
      'GET /admin/log-level',
      'PUT /admin/log-level',
      'GET /api-docs/openapi.json',
      'GET /swagger-ui/',
      'GET /admin/queues',
    ].sort(),
  );
  const ids = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

// proves: http/null-is-absent
test('an input field that may be left out takes null as well', () => {
  expect(document.components.schemas['NewTaskDto']?.properties).toMatchObject({
    timeout: { type: ['integer', 'null'], default: 60 },
    dependencies: { type: ['array', 'null'], items: { $ref: '#/components/schemas/Dependency' } },
    on_start: { $ref: '#/components/schemas/NewActionDto' },
  });
});

/** An example as it comes over the wire. */
function received(value: unknown): Json {
  const parsed = parseJsonText(JSON.stringify(value));
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

// proves: http/openapi
describe('every example is valid', () => {
  const readers: [string, object, (value: Json) => { ok: boolean }][] = [
    ['/task post', NEW_BATCH_EXAMPLES, (value) => parseNewBatch(value, DEFAULT_BATCH_LIMITS)],
    ['/task/{id} patch', UPDATE_TASK_EXAMPLES, parseUpdateTask],
    ['/task/{id} put', UPDATE_COUNTERS_EXAMPLES, parseCounters],
    ['/batch/{id}/rules patch', UPDATE_BATCH_RULES_EXAMPLES, parseBatchRules],
    ['/batch/{id}/rerun post', NEW_RERUN_EXAMPLES, parseRerun],
    ['/admin/log-level put', LOG_LEVEL_EXAMPLES, parseLogLevel],
    ['/webhook-deliveries/retry post', RETRY_DELIVERIES_EXAMPLES, parseRetryDeliveries],
  ];

  test.each(readers)('%s', (_call, examples, read) => {
    const values = Object.values(examples).map(({ value }: { value: unknown }) => value);
    expect(values.length).toBeGreaterThan(0);
    for (const value of values) expect(read(received(value))).toMatchObject({ ok: true });
  });

  test('and every request body has some', () => {
    const withBody = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { requestBody }]) => requestBody !== undefined)
        .map(([method]) => `${path} ${method}`),
    );
    expect(withBody.sort()).toEqual(readers.map(([call]) => call).sort());
  });
});
