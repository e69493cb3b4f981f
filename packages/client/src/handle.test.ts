import { describe, expect, test } from 'vitest';
import { json, reset, serve } from '../testing/scripted-server.ts';
import { handle, readCall } from './index.ts';

test('a handle reports to its own URL, query included', async () => {
  const { url, seen } = await serve(json(200, null));
  const ours = handle(`${url}/task/7?attempt=2`, { token: 't' });
  await ours.progress({ success: 2, failures: 1 });
  await ours.success();
  await ours.fail('broken', { new_failures: 1, retryable: false });
  await ours.alive();
  expect(seen.map(({ method, url: path, body }) => [method, path, body])).toEqual([
    ['PUT', '/task/7?attempt=2', { new_success: 2, new_failures: 1 }],
    ['PATCH', '/task/7?attempt=2', { status: 'Success' }],
    [
      'PATCH',
      '/task/7?attempt=2',
      { new_failures: 1, retryable: false, status: 'Failure', failure_reason: 'broken' },
    ],
    ['PATCH', '/task/7?attempt=2', {}],
  ]);
  expect(seen[0]?.headers.authorization).toBe('Bearer t');
});

describe('a failure whose answer was lost', () => {
  const taken = json(409, { error: 'over', status: 409, code: 'wrong_state', current_attempt: 3 });

  test('is reported again, and done when the task has gone on to its next attempt', async () => {
    const { url, seen } = await serve(reset, taken);
    await handle(`${url}/task/7?attempt=2`).fail('broken');
    expect(seen).toHaveLength(2);
  });

  test('is reported again after an answer that does not say whether it was stored', async () => {
    const { url, seen } = await serve(json(503, { code: 'outcome_unknown' }), taken);
    await handle(`${url}/task/7?attempt=2`).fail('broken');
    expect(seen).toHaveLength(2);
    const refused = await serve(json(503, {}, { 'retry-after': '0' }), taken);
    await expect(handle(`${refused.url}/task/7?attempt=2`).fail('broken')).rejects.toThrow('409');
  });

  test('is refused when it was no repetition, or the attempt is another one', async () => {
    const refused = await serve(taken);
    await expect(handle(`${refused.url}/task/7?attempt=2`).fail('broken')).rejects.toThrow('409');
    const other = await serve(reset, taken);
    await expect(handle(`${other.url}/task/7?attempt=4`).fail('broken')).rejects.toThrow('409');
    const ended = await serve(reset, json(409, { current_status: 'Canceled' }));
    await expect(handle(`${ended.url}/task/7`).fail('broken')).rejects.toThrow('409');
  });
});

const start = {
  'x-task-trigger': 'start',
  'x-task-id': '7',
  'x-task-claim': '12',
  'x-task-attempt': '2',
  'idempotency-key': '7:start',
};
const own = 'http://api/task/7?attempt=2';

// proves: client/read-call
test.each([
  ['node:http', { url: `/work?a=b&handle=${encodeURIComponent(own)}`, headers: start }],
  [
    'the Fetch API',
    new Request(`http://receiver/work?handle=${encodeURIComponent(own)}`, { headers: start }),
  ],
  [
    'a URL that had a handle of its own',
    { url: `/work?handle=x&handle=${encodeURIComponent(own)}`, headers: start },
  ],
])('reads an on_start call from a request of %s', (_name, request) => {
  const call = readCall(request);
  expect(call).toMatchObject({
    trigger: 'start',
    taskId: '7',
    claim: 12,
    attempt: 2,
    idempotencyKey: '7:start',
    batchId: null,
  });
  expect(call?.handle?.url).toBe(own);
});

test('reads the call of a batch, which has no handle', () => {
  const headers = {
    'x-task-trigger': 'batch_complete',
    'x-batch-id': '9',
    'idempotency-key': 'batch:9:complete',
  };
  expect(readCall({ url: '/done', headers })).toEqual({
    trigger: 'batch_complete',
    idempotencyKey: 'batch:9:complete',
    handle: null,
    taskId: null,
    claim: null,
    attempt: null,
    batchId: '9',
  });
});

test.each([
  ['without the headers', {}],
  ['with a trigger that nobody knows', { ...start, 'x-task-trigger': 'dance' }],
  ['without a key', { 'x-task-trigger': 'start' }],
])('a request %s is no call', (_name, headers) => {
  expect(readCall({ url: '/work?handle=http://api/task/7', headers })).toBeUndefined();
});
