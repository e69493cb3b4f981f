import { describe, expect, test } from 'vitest';
import { parseJsonText } from './lossless-json.ts';
import type { Json } from './lossless-json.ts';
import { parseRetryDeliveries } from './retry-deliveries.ts';
import { parseBatchRules } from './rules.ts';
import { parseCounters, parseUpdateTask } from './update-task.ts';

function received(text: string): Json {
  const result = parseJsonText(text);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

const NOTHING = {
  status: null,
  failureReason: null,
  retryable: true,
  newSuccess: 0,
  newFailures: 0,
  metadata: null,
  expectedCount: null,
  priority: null,
};

// proves: http/patch-end-only
describe('PATCH of a task', () => {
  test.each([
    ['{}', {}],
    ['{"status":null,"failure_reason":null,"new_success":null,"metadata":null,"priority":null,"x":1}', {}],
    ['{"status":"Success","failure_reason":"not used"}', { status: 'Success' }],
    ['{"status":"Failure","failure_reason":"boom"}', { status: 'Failure', failureReason: 'boom' }],
    [
      '{"status":"Failure","failure_reason":"boom","retryable":false}',
      { status: 'Failure', failureReason: 'boom', retryable: false },
    ],
    ['{"new_success":0,"new_failures":2147483647}', { newFailures: 2_147_483_647 }],
    [
      '{"new_success":3.0,"expected_count":1e2,"priority":-5}',
      { newSuccess: 3, expectedCount: 100, priority: -5 },
    ],
    ['{"metadata":{"n":12345678901234567890}}', { metadata: '{"n":12345678901234567890}' }],
    ['{"metadata":false}', { metadata: 'false' }],
  ])('%s', (text, expected) => {
    expect(parseUpdateTask(received(text))).toEqual({ ok: true, update: { ...NOTHING, ...expected } });
  });

  test.each([
    ['[]', ['body: must be an object']],
    ['null', ['body: must be an object']],
    ['{"status":"Running"}', ['status: must be one of Success, Failure']],
    ['{"status":"success"}', ['status: must be one of Success, Failure']],
    ['{"status":1}', ['status: must be a string']],
    ['{"status":"Failure"}', ['failure_reason: is required when status is Failure']],
    ['{"status":"Failure","failure_reason":""}', ['failure_reason: must not be empty']],
    [
      '{"status":"Failure","failure_reason":"\\u0000"}',
      ['failure_reason: must not contain the character NUL'],
    ],
    [
      '{"new_success":-1,"new_failures":"1","expected_count":2147483648,"priority":1001}',
      [
        'new_success: must be at least 0',
        'new_failures: must be an integer',
        'expected_count: must be at most 2147483647',
        'priority: must be at most 1000',
      ],
    ],
    [
      '{"status":"Failure","priority":5000,"metadata":{"a":"\\u0000"}}',
      [
        'priority: must be at most 1000',
        'failure_reason: is required when status is Failure',
        'metadata.a: must not contain the character NUL',
      ],
    ],
    ['{"metadata":{"a":["\\ud800"]}}', ['metadata.a[0]: must not contain a lone surrogate: "\\ud800"']],
  ])('%s is refused', (text, details) => {
    expect(parseUpdateTask(received(text))).toEqual({ ok: false, details });
  });
});

// proves: http/put-valid
describe('PUT of counters', () => {
  test.each([
    ['{"new_success":1}', 1, 0],
    ['{"new_success":null,"new_failures":2,"status":"Nonsense"}', 0, 2],
    ['{"new_success":3,"new_failures":0}', 3, 0],
    ['{"new_success":1.0}', 1, 0],
  ])('%s', (text, newSuccess, newFailures) => {
    expect(parseCounters(received(text))).toEqual({ ok: true, counters: { newSuccess, newFailures } });
  });

  test.each([
    '{}',
    '{"new_success":0,"new_failures":0}',
    '{"new_success":-1}',
    '{"new_failures":1.5}',
    '{"new_success":"1"}',
    '[]',
    '1',
    '{"new_success":2147483648}',
  ])('%s is refused', (text) => {
    expect(parseCounters(received(text))).toMatchObject({
      ok: false,
      details: [expect.stringMatching(/^\w+: /)],
    });
  });
});

describe('new rules for a batch', () => {
  const matcher = { status: 'Running', kind: 'etl', fields: [] };

  // proves: rules/both-spellings, http/batch-rules-errors
  test('are read in both spellings; a Capacity rule needs no count here', () => {
    const rules = [
      { type: 'Concurrency', max_concurrency: 2, matcher },
      { type: 'Capacity', max_capacity: 2, matcher },
    ];
    expect(parseBatchRules({ kind: 'etl', rules })).toEqual({
      ok: true,
      rules: { kind: 'etl', rules: [{ type: 'Concurency', max_concurency: 2, matcher }, rules[1]] },
    });
    expect(parseBatchRules({ kind: 'etl', rules: [] })).toMatchObject({ ok: true });
  });

  test.each<[Json, string[]]>([
    [[], ['body: must be an object']],
    [{}, ['kind: is required', 'rules: is required']],
    [{ kind: ' ', rules: null }, ['kind: must not be blank', 'rules: must be an array']],
    [
      { kind: 'etl', rules: [{ type: 'Concurency', max_concurency: 0, matcher }, 7] },
      [
        "rules[0].max_concurency: must be at least 1 when the matcher's kind is the task's own",
        'rules[1]: must be an object',
      ],
    ],
    [{ kind: 'k\0', rules: [] }, ['kind: must not contain the character NUL']],
  ])('%j is refused', (value, details) => {
    const result = parseBatchRules(value);
    expect(result).toMatchObject({ ok: false });
    expect(result.ok ? [] : result.details.toSorted()).toEqual(details.toSorted());
  });
});

describe('which deliveries to retry', () => {
  const id = '01990F6E-8A7B-7C3D-9E4F-0123456789AB';

  test('is read in any case', () => {
    expect(parseRetryDeliveries({ status: 'eXhausted', task_id: id, batch_id: null })).toEqual({
      ok: true,
      retry: { status: 'Exhausted', taskId: id.toLowerCase(), batchId: null },
    });
    expect(parseRetryDeliveries({})).toEqual({
      ok: true,
      retry: { status: null, taskId: null, batchId: null },
    });
  });

  test('is refused when it is none', () => {
    expect(parseRetryDeliveries({ status: 'late', task_id: 'x', batch_id: '' })).toEqual({
      ok: false,
      details: [
        'task_id: must be a UUID',
        'batch_id: must be a UUID',
        'status: must be one of Pending, Success, Failure, Exhausted',
      ],
    });
    expect(parseRetryDeliveries({ status: 'late' })).toEqual({
      ok: false,
      details: ['status: must be one of Pending, Success, Failure, Exhausted'],
    });
    expect(parseRetryDeliveries(3)).toMatchObject({ ok: false });
  });
});
