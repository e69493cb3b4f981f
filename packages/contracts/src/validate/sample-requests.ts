import { DEFAULT_BATCH_LIMITS } from '../limits.ts';
import type { BatchLimits } from '../limits.ts';
import { parseJsonText } from './lossless-json.ts';
import type { Json, JsonObject } from './lossless-json.ts';
import { parseNewBatch } from './new-batch.ts';
import type { NewBatch } from './new-batch.ts';

// Requests and readers that the tests of this folder share.

export const CALL: JsonObject = {
  kind: 'Webhook',
  params: { url: 'https://example.com/start', verb: 'Post' },
};

export function call(params: JsonObject): JsonObject {
  return { kind: 'Webhook', params: { url: 'https://example.com/', verb: 'Post', ...params } };
}

export function task(fields: JsonObject = {}): JsonObject {
  return { id: 'a', name: 'A', kind: 'k', on_start: CALL, ...fields };
}

export function after(id: string, ...parents: string[]): JsonObject {
  return task({ id, dependencies: parents.map((parent) => ({ id: parent, requires_success: true })) });
}

export function details(value: Json, limits: BatchLimits = DEFAULT_BATCH_LIMITS): readonly string[] {
  const result = parseNewBatch(value, limits);
  return result.ok ? [] : result.details;
}

export function batchOf(value: Json): NewBatch {
  const result = parseNewBatch(value, DEFAULT_BATCH_LIMITS);
  if (!result.ok) throw new Error(result.details.join('\n'));
  return result.batch;
}

export function received(text: string): Json {
  const result = parseJsonText(text);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

export const MATCHER = { status: 'Running', kind: 'k', fields: [] };
export const limit = (max: number, kind = 'k'): JsonObject => ({
  type: 'Concurency',
  max_concurency: max,
  matcher: { ...MATCHER, kind },
});

export function listOf(length: number, item: Json): Json[] {
  return Array.from({ length }, () => item);
}
