import { Ajv } from 'ajv';
import type { TSchema } from 'typebox';
import { describe, expect, test } from 'vitest';
import { BatchStatsDto } from '../schemas/batch.ts';
import { RetryDeliveriesResponseDto } from '../schemas/delivery.ts';
import { ExplainDto } from '../schemas/explain.ts';
import { BasicTaskDto } from '../schemas/task.ts';
import { EVENT_DATA_EXAMPLES, EXPLAIN_EXAMPLES, RETRIED_EXAMPLES } from './answer-examples.ts';

const ajv = new Ajv({ strict: false, validateFormats: false });

function expectValid(schema: TSchema, value: unknown): void {
  const validate = ajv.compile(schema);
  validate(value);
  expect(validate.errors ?? []).toEqual([]);
}

// proves: http/openapi
describe('every example of an answer has the shape of its schema', () => {
  test.each(Object.entries(EXPLAIN_EXAMPLES))('explain: %s', (_name, { value }) => {
    expectValid(ExplainDto, value);
  });

  test.each(EVENT_DATA_EXAMPLES)('event: %s', (_event, data) => {
    expectValid(BatchStatsDto, data.batch);
    for (const task of 'tasks' in data ? data.tasks : []) expectValid(BasicTaskDto, task);
  });

  test('retried', () => expectValid(RetryDeliveriesResponseDto, RETRIED_EXAMPLES['retried']!.value));
});
