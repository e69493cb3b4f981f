import { expect, test } from 'vitest';
import { empty, json, rejectionOf, serve } from '../testing/scripted-server.ts';
import { ArcRunError, createClient, task, webhook } from './index.ts';
import type { ArcRunClient } from './index.ts';

async function failureOf(call: Promise<unknown>): Promise<ArcRunError> {
  const error = await rejectionOf(call);
  expect(error).toBeInstanceOf(ArcRunError);
  return error as ArcRunError; // oxlint-disable-line typescript/no-unsafe-type-assertion -- asserted above
}

const one = task({ id: 'a', kind: 'build', on_start: webhook('http://r/work') });

test('creates a batch from an array, with the key and the token', async () => {
  const { url, seen } = await serve(json(201, [{ id: '1' }], { 'X-Batch-ID': 'b1' }));
  const client = createClient({ url: `${url}/`, token: 'secret' });
  const created = await client.createBatch([one], { idempotencyKey: 'k' });
  expect(created).toEqual({ batchId: 'b1', tasks: [{ id: '1' }] });
  expect(seen[0]).toMatchObject({
    method: 'POST',
    url: '/task',
    body: [
      {
        id: 'a',
        name: 'a',
        kind: 'build',
        on_start: { kind: 'Webhook', params: { url: 'http://r/work', verb: 'Post' } },
      },
    ],
    headers: { 'idempotency-key': 'k', authorization: 'Bearer secret', 'content-type': 'application/json' },
  });
});

test('a 204 is a batch without tasks', async () => {
  const { url } = await serve(empty(204, { 'X-Batch-ID': 'b2' }));
  expect(await createClient({ url }).createBatch({ tasks: [] })).toEqual({ batchId: 'b2', tasks: [] });
});

test('an answer without the batch header is an error', async () => {
  const { url } = await serve(json(201, []));
  expect((await failureOf(createClient({ url }).createBatch([one]))).message).toContain('X-Batch-ID');
});

test.each<[string, (client: ArcRunClient) => Promise<unknown>, string, unknown]>([
  ['getTask', (c) => c.getTask('x/y'), 'GET /task/x%2Fy', undefined],
  [
    'listTasks',
    (c) => c.listTasks({ status: 'Running', page: 0, metadata: { tenant: 'a&b' } }),
    'GET /task?status=Running&page=0&metadata=%7B%22tenant%22%3A%22a%26b%22%7D',
    undefined,
  ],
  ['listTasks', (c) => c.listTasks({ metadata: 'a' }), 'GET /task?metadata=%22a%22', undefined],
  [
    'reportSuccess',
    (c) => c.reportSuccess('1', { new_success: 2 }),
    'PATCH /task/1',
    { new_success: 2, status: 'Success' },
  ],
  [
    'reportFailure',
    (c) => c.reportFailure('1', 'no'),
    'PATCH /task/1',
    { status: 'Failure', failure_reason: 'no' },
  ],
  ['updateTask', (c) => c.updateTask('1', { priority: 3 }), 'PATCH /task/1', { priority: 3 }],
  [
    'addProgress',
    (c) => c.addProgress('1', { failures: 1 }),
    'PUT /task/1',
    { new_success: 0, new_failures: 1 },
  ],
  ['cancelTask', (c) => c.cancelTask('1'), 'DELETE /task/1', undefined],
  ['pauseTask', (c) => c.pauseTask('1'), 'PATCH /task/pause/1', undefined],
  ['resumeTask', (c) => c.resumeTask('1'), 'PATCH /task/resume/1', undefined],
  ['getBatch', (c) => c.getBatch('1'), 'GET /batch/1', undefined],
  ['listBatches', (c) => c.listBatches({ search: 'a b' }), 'GET /batches?search=a+b', undefined],
  ['stopBatch', (c) => c.stopBatch('1'), 'DELETE /batch/1', undefined],
  [
    'updateBatchRules',
    (c) => c.updateBatchRules('1', { kind: 'etl', rules: [] }),
    'PATCH /batch/1/rules',
    { kind: 'etl', rules: [] },
  ],
  ['getDag', (c) => c.getDag('1'), 'GET /dag/1', undefined],
  ['listDeliveries', (c) => c.listDeliveries(), 'GET /webhook-deliveries', undefined],
  ['explainTask', (c) => c.explainTask('1'), 'GET /task/1/explain', undefined],
  ['retryDelivery', (c) => c.retryDelivery('1'), 'POST /webhook-deliveries/1/retry', undefined],
  [
    'retryDeliveries',
    (c) => c.retryDeliveries({ task_id: '1' }),
    'POST /webhook-deliveries/retry',
    { task_id: '1' },
  ],
  ['retryDeliveries', (c) => c.retryDeliveries(), 'POST /webhook-deliveries/retry', {}],
  ['getHealth', (c) => c.getHealth(), 'GET /health', undefined],
])('%s makes the call %#', async (_name, run, call, body) => {
  const { url, seen } = await serve(json(200, {}));
  await run(createClient({ url }));
  expect(seen.map((one_) => `${one_.method} ${one_.url}`)).toEqual([call]);
  expect(seen[0]?.body).toEqual(body);
});

test('a refusal carries the status, the details and the body', async () => {
  const body = { error: 'The request is not valid.', status: 400, details: ['a: x', 'b: x', 'c: x', 'd: x'] };
  const { url, seen } = await serve(json(400, body));
  const error = await failureOf(createClient({ url }).createBatch([one]));
  expect(error).toMatchObject({ name: 'ArcRunError', status: 400, details: body.details, body });
  expect(error.message).toBe('POST /task answered 400: The request is not valid. (a: x; b: x; c: x; 1 more)');
  expect(seen).toHaveLength(1);
});

test('JSON text is sent as it is', async () => {
  let sent: unknown;
  const { url } = await serve(json(201, [], { 'X-Batch-ID': 'b' }));
  const client = createClient({
    url,
    fetch: (to, init) => {
      sent = init?.body;
      return fetch(to, init);
    },
  });
  await client.createBatch('[{"metadata": 9007199254740993}]');
  expect(sent).toBe('[{"metadata": 9007199254740993}]');
});

test('all rows of a list come by following the cursors', async () => {
  const { url, seen } = await serve(
    json(200, [{ id: '1' }, { id: '2' }], { link: '<?kind=k&after=a%2Bb>; rel="next"' }),
    json(200, [{ id: '3' }]),
  );
  const ids: string[] = [];
  for await (const { id } of createClient({ url }).eachTask({ kind: 'k' })) ids.push(id);
  expect(ids).toEqual(['1', '2', '3']);
  expect(seen.map((call) => call.url)).toEqual(['/task?kind=k', '/task?kind=k&after=a%2Bb']);
});

test('no page is fetched that nobody looks at', async () => {
  const { url, seen } = await serve(json(200, [{ id: '1' }], { link: '<?after=a>; rel="next"' }));
  for await (const delivery of createClient({ url }).eachDelivery()) {
    expect(delivery.id).toBe('1');
    break;
  }
  expect(seen).toHaveLength(1);
});
