import { DocumentedAnswers } from '@arcrun/contracts/testing';
import { leaseDeliveries, recordDeliveries, reportEnds, takeSample } from '@arcrun/database';
import { aWorker, claimUpTo, SAMPLE_NOW, start } from '@arcrun/database/testing';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openEvents } from '../../testing/event-reader.ts';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

// Every call of the OpenAPI document against the server, with the examples of the document where it has some: what is
// answered is what the document says, no field more and none less.

interface Operation {
  readonly requestBody?: {
    readonly content: {
      readonly [type: string]: { readonly examples: { [name: string]: { value: unknown } } };
    };
  };
}
interface Document {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
}

let api: RunningApi;
let document: Document;
let documented: DocumentedAnswers;
let worker: string;
const called = new Set<string>();

beforeAll(async () => {
  api = await startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl') });
  document = (await api.call('GET', '/api-docs/openapi.json')).json;
  documented = new DocumentedAnswers(document);
  worker = await aWorker(api.database.db);
});
afterAll(() => api.close());

/** Makes a documented call, and holds its answer against the document. Returns its body. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered
async function call(operation: string, path: string, expected: number, body?: unknown): Promise<any> {
  called.add(operation);
  const [method = ''] = operation.split(' ');
  const answer = await api.call(method, path, body === undefined ? {} : { body });
  expect([operation, answer.status, answer.status < 300 ? '' : answer.text]).toEqual([
    operation,
    expected,
    expected < 300 ? '' : expect.any(String),
  ]);
  expect([operation, documented.check(operation, answer)]).toEqual([operation, []]);
  if (answer.text === '') return null;
  return answer.headers.get('content-type')?.includes('application/json') === true
    ? answer.json
    : answer.text;
}

/** The examples of a request's body. */
function examples(operation: string): Record<string, unknown> {
  const [method = '', template = ''] = operation.split(' ');
  const content = document.paths[template]![method.toLowerCase()]!.requestBody!.content['application/json']!;
  return Object.fromEntries(Object.entries(content.examples).map(([name, { value }]) => [name, value]));
}

const anyTask = {
  id: 'x',
  name: 'x',
  kind: 'x',
  on_start: { kind: 'Webhook', params: { url: 'https://ci.example.com', verb: 'Post' } },
};
const runAll = async () => start(api.database.db, await claimUpTo(api.database.db, worker, 100));

// proves: http/openapi-true
test('the life of two batches', async () => {
  const posts = examples('POST /task');
  const [build, check] = await call('POST /task', '/task', 201, posts['array']);
  const [imported] = await call('POST /task', '/task', 201, posts['object']);
  expect(check.status).toBe('Waiting');
  for (const { id } of [build, check, imported]) {
    await call('GET /task/{id}', `/task/${id}`, 200);
    await call('GET /task/{id}/explain', `/task/${id}/explain`, 200);
  }
  await call('GET /task', '/task?kind=ci', 200);
  await call('POST /task', '/task', 204, posts['object']);
  await runAll();
  const full = await call('POST /task', '/task', 201, posts['object']);
  const { waiting_for: waitingFor } = await call(
    'GET /task/{id}/explain',
    `/task/${full[0].id}/explain`,
    200,
  );
  expect(waitingFor).toMatchObject([{ type: 'rule', rule: { type: 'Capacity' } }]);

  for (const body of Object.values(examples('PUT /task/{id}')))
    await call('PUT /task/{id}', `/task/${imported.id}`, 202, body);
  const patches = examples('PATCH /task/{id}');
  await call('PATCH /task/{id}', `/task/${imported.id}`, 200, patches['progress']);
  await call('PATCH /task/{id}', `/task/${build.id}`, 200, patches['success']);
  await call('PATCH /task/{id}', `/task/${build.id}`, 409, patches['failure']);
  for (const body of Object.values(examples('PATCH /batch/{id}/rules')))
    await call('PATCH /batch/{id}/rules', `/batch/${full[0].batch_id}/rules`, 200, body);
  await call('PATCH /task/pause/{id}', `/task/pause/${check.id}`, 200);
  await call('GET /task/{id}/explain', `/task/${check.id}/explain`, 200);
  await call('PATCH /task/resume/{id}', `/task/resume/${check.id}`, 200);
  await call('PATCH /task/resume/{id}', `/task/resume/${check.id}`, 400);
  await runAll();
  await call('PATCH /task/{id}', `/task/${check.id}`, 200, patches['failure']);
  await call('DELETE /task/{id}', `/task/${imported.id}`, 200);
  await call('DELETE /task/{id}', `/task/${imported.id}`, 400);
  for (const { id } of [build, check, imported]) await call('GET /task/{id}', `/task/${id}`, 200);

  await call('GET /batch/{id}', `/batch/${check.batch_id}`, 200);
  await call('GET /batches', '/batches', 200);
  await call('GET /dag/{batch_id}', `/dag/${check.batch_id}`, 200);
  await call('DELETE /batch/{id}', `/batch/${full[0].batch_id}`, 200);
  const again = `/batch/${full[0].batch_id}/rerun`;
  const reruns = examples('POST /batch/{id}/rerun');
  await call('POST /batch/{id}/rerun', again, 201, reruns['unsuccessful']);
  await call('POST /batch/{id}/rerun', again, 200, reruns['dryRun']);
});

// proves: http/openapi-true
test('the events of a batch', async () => {
  called.add('GET /batch/{id}/events');
  const [task] = (await api.call('POST', '/task', { body: [anyTask] })).json;
  const reader = await openEvents(`${api.url}/batch/${task.batch_id}/events`);
  await api.call('DELETE', `/task/${task.id}`);
  const events = await reader.rest();
  expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['snapshot', 'end']));
  for (const { data } of events) {
    expect(documented.checkSchema('BatchStatsDto', data.batch)).toEqual([]);
    for (const each of data.tasks ?? []) expect(documented.checkSchema('BasicTaskDto', each)).toEqual([]);
  }
});

// proves: http/openapi-true
test('notifications', async () => {
  const [first] = await call('GET /webhook-deliveries', '/webhook-deliveries', 200);
  const bounds = { limit: 100, leaseSecs: 60, originRoom: 100 };
  const { leased } = await leaseDeliveries(api.database.db, worker, bounds);
  const outcome = { outcome: 'Exhausted', error: 'answered 500', retryInSecs: null } as const;
  await recordDeliveries(
    api.database.db,
    worker,
    leased.map(({ id, attempt }) => ({ id, attempt, ...outcome })),
  );
  await call('GET /webhook-deliveries', '/webhook-deliveries?status=exhausted', 200);
  await call('POST /webhook-deliveries/{id}/retry', `/webhook-deliveries/${first.id}/retry`, 202);
  for (const body of Object.values(examples('POST /webhook-deliveries/retry')))
    await call('POST /webhook-deliveries/retry', '/webhook-deliveries/retry', 202, body);
  const { retried } = await call('POST /webhook-deliveries/retry', '/webhook-deliveries/retry', 202, {});
  expect(retried).toBe(leased.length - 1);
});

// proves: http/openapi-true
test('refusals', async () => {
  const id = '0190c2a5-0000-7000-8000-000000000001';
  await call('POST /task', '/task', 400, [{}]);
  await call('GET /task', '/task?status=x', 400);
  await call('GET /task/{id}', `/task/${id}`, 404);
  await call('GET /task/{id}/explain', `/task/${id}/explain`, 404);
  await call('GET /batch/{id}', `/batch/${id}`, 404);
  await call('GET /batch/{id}/events', `/batch/${id}/events`, 404);
  await call('POST /batch/{id}/rerun', `/batch/${id}/rerun`, 404, {});
  await call('POST /webhook-deliveries/{id}/retry', `/webhook-deliveries/${id}/retry`, 404);
  await call('POST /webhook-deliveries/retry', '/webhook-deliveries/retry', 400, { task_id: 'x' });
});

// proves: http/openapi-true
test('the overview, empty and with something of everything', async () => {
  await call('GET /overview', '/overview', 200);
  const rule = {
    type: 'Concurency',
    max_concurency: 1,
    matcher: { status: 'Running', kind: 'x', fields: ['n'] },
  };
  const limited = { ...anyTask, rules: [rule], metadata: { n: 1 } };
  await api.call('POST', '/task', { body: [limited, { ...limited, id: 'y' }] });
  await runAll();
  // The one that does not fit is parked in a second round.
  await runAll();
  await reportEnds(api.database.db, [{ kind: 'x', ended: 2, failed: 1 }]);
  await takeSample(api.database.db, SAMPLE_NOW);
  const shown = await call('GET /overview', '/overview', 200);
  for (const part of ['series', 'kinds', 'rules', 'workers'])
    expect([part, shown[part]]).not.toEqual([part, []]);
  expect(shown.oldest_pending).not.toBeNull();
});

test('the server itself', async () => {
  for (const path of ['/health', '/ready', '/metrics', '/view', '/swagger-ui/', '/api-docs/openapi.json'])
    await call(`GET ${path}`, path, 200);
  const { level } = await call('GET /admin/log-level', '/admin/log-level', 200);
  await call('PUT /admin/log-level', '/admin/log-level', 200, { level });
});

// proves: http/openapi-true
test('no call of the document was left out', () => {
  // Bull Board redirects to its own pages.
  called.add('GET /admin/queues');
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...called].toSorted()).toEqual(all.toSorted());
});
