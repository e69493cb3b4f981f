import { task, webhook } from '@arcrun/client';
import { type CuttableWay, openWay, until } from '@arcrun/database/testing';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Stack, type StackOptions, startStack } from '../harness/stack.ts';

let stack: Stack | undefined;
const ways: CuttableWay[] = [];

afterEach(async () => {
  for (const way of ways) way.mend();
  await stack?.close();
  for (const way of ways.splice(0)) await way.close();
});

const routed = async (url: string): Promise<string> => {
  const way = await openWay(url);
  ways.push(way);
  return way.url;
};

async function start(options: StackOptions): Promise<Stack> {
  stack = await startStack({ ...options, hasFaults: true });
  stack.receiver.behave((call) => {
    if (call.trigger === 'start') setTimeout(() => void call.handle.success().catch(() => undefined), 10);
  });
  return stack;
}

const tasks = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    task({
      id: `t${index}`,
      name: `t${index}`,
      kind: 'outage',
      on_start: webhook(`${stack!.receiver.url}/start`),
    }),
  );

const post = (url: string, body: unknown) =>
  fetch(`${url}/task`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

// proves: http/ready, http/health, http/ready-worker
test('Redis gone: the API accepts without delay and says so; work goes on by itself when it is back', async () => {
  const { apis, workers, client } = await start({ apis: 1, workers: 2, ways: { redis: routed } });
  const api = apis[0]!.url;
  ways[0]!.cut();
  await delay(200);
  const batches: string[] = [];
  const tookMs: number[] = [];
  for (let i = 0; i < 11; i++) {
    const beganMs = performance.now();
    const response = await post(api, tasks(5));
    tookMs.push(performance.now() - beganMs);
    expect(response.status).toBe(201);
    batches.push(response.headers.get('x-batch-id')!);
  }
  // The median: on a crowded machine a single call says more about the others.
  expect(tookMs.toSorted((a, b) => a - b)[5]).toBeLessThan(1000);
  const ready = await fetch(`${api}/ready`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', queue: 'unhealthy' }]);
  expect(await (await fetch(`${api}/health`)).json()).toMatchObject({
    status: 'degraded',
    database: 'healthy',
    queue: 'unhealthy',
  });
  expect((await fetch(`${workers[0]!.url}/ready`)).status).toBe(503);
  expect((await fetch(`${workers[0]!.url}/health`)).status).toBe(200);

  ways[0]!.mend();
  const mendedMs = performance.now();
  for (const batchId of batches)
    await client.waitForBatch(batchId, { pollMs: 50, signal: AbortSignal.timeout(20_000) });
  expect(performance.now() - mendedMs).toBeLessThan(6_000);
});

// proves: lifecycle/timeout
test('Redis silent, without a word: what runs times out all the same, and a worker stops in time', async () => {
  const { workers, client, receiver } = await start({ apis: 1, workers: 2, ways: { redis: routed } });
  receiver.behave(() => undefined);
  const { tasks: created } = await client.createBatch(tasks(3).map((one) => ({ ...one, timeout: 3 })));
  const statuses = () => Promise.all(created.map(async ({ id }) => (await client.getTask(id)).status));
  await until('they run', async () => (await statuses()).every((status) => status === 'Running'));
  ways[0]!.stall(['to server', 'to client']);
  await until('they have timed out', async () => (await statuses()).every((status) => status === 'Failure'));
  // It works without Redis as long as it has to, and ends without it.
  const beganMs = performance.now();
  expect(await workers[0]!.stop()).toBe(0);
  expect(performance.now() - beganMs).toBeLessThan(20_000);

  ways[0]!.mend();
  receiver.behave((call) => {
    if (call.trigger === 'start') void call.handle.success();
  });
  const { batchId } = await client.createBatch(tasks(3));
  await client.waitForBatch(batchId, { pollMs: 50, signal: AbortSignal.timeout(30_000) });
});

// proves: webhooks/database-breaker, http/ready, http/health, http/ready-worker,
// metrics/circuit-breaker-state-transitions-total, metrics/circuit-breaker-rejections-total,
// metrics/tasks-db-save-failures-total, metrics/batch-update-failures-total
test('Postgres gone: 503 at once with Retry-After, no process ends, and work goes on when it is back', async () => {
  const { apis, workers, client, receiver } = await start({
    apis: 1,
    workers: 2,
    settings: { CIRCUIT_BREAKER_FAILURE_THRESHOLD: '3' },
    ways: { database: routed },
  });
  const api = apis[0]!.url;
  const { batchId } = await client.createBatch(tasks(200));
  await until('it is under way', async () => receiver.calls.length > 20);
  ways[0]!.cut();
  const untilOpen = performance.now();
  await until('the breaker is open', async () => {
    const response = await post(api, tasks(1));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    return Number(response.headers.get('retry-after')) > 1;
  });
  expect(performance.now() - untilOpen).toBeLessThan(10_000);
  const answers = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const beganMs = performance.now();
      const response = await fetch(`${api}/task/01890a5d-ac96-774b-bcce-b302099a8057`);
      return { status: response.status, ms: performance.now() - beganMs };
    }),
  );
  for (const { status, ms } of answers) {
    expect(status).toBe(503);
    expect(ms).toBeLessThan(3000);
  }
  const addition = {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"new_success":1}',
  };
  expect((await fetch(`${api}/task/01890a5d-ac96-774b-bcce-b302099a8057`, addition)).status).toBe(503);
  expect((await fetch(`${api}/ready`)).status).toBe(503);
  expect((await fetch(`${api}/health`)).status).toBe(200);
  expect((await fetch(`${workers[0]!.url}/ready`)).status).toBe(503);
  const metrics = await (await fetch(`${api}/metrics`)).text();
  expect(metrics).toMatch(/^circuit_breaker_state_transitions_total\{to_state="open"\} [1-9]/m);
  for (const name of [
    'circuit_breaker_rejections_total',
    'tasks_db_save_failures_total',
    'batch_update_failures_total',
  ])
    expect(metrics).toMatch(new RegExp(`^${name} [1-9]`, 'm'));

  await delay(1000);
  ways[0]!.mend();
  await until('the API takes work again', async () => (await post(api, tasks(1))).status === 201);
  // Those whose end was reported in vain are reported again.
  const answered = new Set<string>();
  for (const call of receiver.calls) {
    if (call.trigger !== 'start' || answered.has(call.taskId!)) continue;
    answered.add(call.taskId!);
    await call.handle.success();
  }
  await client.waitForBatch(batchId, { pollMs: 50, signal: AbortSignal.timeout(15_000) });
  expect((await client.getBatch(batchId)).status_counts).toMatchObject({ success: 200 });
  for (const { child } of [...apis, ...workers])
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
});

test('an API that is stopped under load answers everything that it has taken in', async () => {
  const { apis, database } = await start({ apis: 1, workers: 1 });
  const api = apis[0]!;
  const { hostname, port } = new URL(api.url);
  const body = JSON.stringify(tasks(20));
  const statuses: (number | undefined)[] = [];
  const unanswered: unknown[] = [];
  const one = () =>
    new Promise<void>((resolve) => {
      const headers = { 'content-type': 'application/json' };
      const call = request({ hostname, port, method: 'POST', path: '/task', agent: false, headers });
      call.on('response', (response) => {
        response.on('end', () => {
          statuses.push(response.statusCode);
          resolve();
        });
        response.on('error', () => resolve());
        response.resume();
      });
      // Not taken in: a load balancer goes elsewhere.
      call.on('error', (error) => {
        unanswered.push(error);
        resolve();
      });
      call.end(body);
    });
  const clients = Array.from({ length: 8 }, async () => {
    while (unanswered.length === 0) await one();
  });
  await until('the clients are at work', async () => statuses.length > 20);
  expect(await api.stop()).toBe(0);
  await Promise.all(clients);
  expect(new Set(statuses)).toEqual(new Set([201]));
  // What was written was answered, and what was answered was written.
  const { rows } = await database.pool.query<{ n: number }>('select count(*)::integer as n from batch');
  expect(rows[0]!.n).toBe(statuses.length);
});
