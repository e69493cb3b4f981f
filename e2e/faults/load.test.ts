import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type NewTask, type Rule, task, webhook } from '@arcrun/client';
import { findViolations } from '@arcrun/database/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { percentile } from '../bench/measure/distribution.ts';
import { readMemoryMb } from '../bench/measure/memory.ts';
import type { GeneratorCommands } from '../bench/parties/generator.ts';
import { startParty } from '../bench/system/party.ts';
import { untilRunning, type Stack, startStack } from '../harness/stack.ts';
import { recordRun } from './report/recorded-run.ts';

const STORM_MS = 60_000;
/** Three times as many as one API process works on at once, each of whom asks again soon: many times its rate. */
const CLIENTS = 3000;
const RISE_MS = 2000;
const LOOK_MS = 500;
/** Much less than the answer asks for. */
const IMPATIENCE_MS = 50;
const MEMORY_LIMIT_MB = 400;
const HEALTH_LIMIT_MS = 2000;
const CALM_MS = 2000;
const USUAL_CALLS = 50;
const USUAL_LIMIT_MS = 500;

const BATCHES = 20;
const BATCH_SIZE = 10_000;

const BLOCKED = 100_000;
const BLOCKED_IN_BATCH = 5000;
const ALLOWED = 10;
const START_LIMIT_MS = 100;

let stack: Stack;
beforeEach(async () => {
  stack = await startStack({ apis: 1, workers: 1 });
  stack.receiver.behave(({ trigger, handle }) => {
    if (trigger === 'start') void handle.success().catch(() => undefined);
  });
});
afterEach(() => stack.close());

const aTask = (id: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: 'work', on_start: webhook(`${stack.receiver.url}/start`), ...rest });

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly tookMs: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS, maxFreeSockets: CLIENTS });

/** @throws when no answer came */
function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const sentMs = performance.now();
  const sent = request(stack.hostUrl + path, { method, headers, agent }, (response) => {
    response.resume().on('end', () => {
      resolve({
        status: response.statusCode!,
        headers: response.headers,
        tookMs: performance.now() - sentMs,
      });
    });
    response.on('error', reject);
  });
  sent.on('error', reject).end(text);
  return promise;
}

// proves: http/open-requests-limit
test('many times more requests than can be served, for a minute', async () => {
  const { tasks } = await stack.client.createBatch([
    aTask('counted', { expected_count: 1_000_000, on_start: webhook(`${stack.receiver.url}/never-ends`) }),
  ]);
  const counted = tasks[0]!.id;
  stack.receiver.behave((received) => {
    if (received.trigger === 'start' && received.taskId !== counted)
      void received.handle.success().catch(() => undefined);
  });
  await untilRunning(stack.client, counted);
  // Connections are taken in one by one: as long as they storm in, everything else waits behind them.
  await Promise.all(Array.from({ length: CLIENTS }, () => call('GET', '/health')));
  const requests = [
    () => call('PUT', `/task/${counted}`, { new_success: 1 }),
    () => call('GET', `/task/${counted}`),
    () => call('PUT', `/task/${counted}`, { new_success: 1 }),
    () => call('GET', '/task?kind=work&limit=10'),
    () =>
      call('POST', '/task', [
        aTask('a'),
        aTask('b', { dependencies: [{ id: 'a', requires_success: true }] }),
      ]),
  ];
  const statuses = new Map<number | 'none', number>();
  let added = 0;
  let unanswered = 0;
  let impolite = 0;
  const over = new AbortController();
  const storm = Array.from({ length: CLIENTS }, async (_, client) => {
    await delay((client / CLIENTS) * RISE_MS);
    for (let turn = client; !over.signal.aborted; turn++) {
      const answer = await requests[turn % requests.length]!().catch(() => null);
      const status = answer?.status ?? 'none';
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 202) added++;
      if (status === 'none') unanswered++;
      if (status === 503 && answer!.headers['retry-after'] === undefined) impolite++;
      if (status === 503) await delay(IMPATIENCE_MS);
      if (status === 'none') await delay(LOOK_MS);
    }
  });
  const processes = [...stack.apis, ...stack.workers];
  // From a process of its own: this one is as busy as the API.
  const prober = await startParty<GeneratorCommands>('generator.ts');
  const probes = Array.from({ length: STORM_MS / LOOK_MS }, () => ({
    method: 'GET' as const,
    url: `${stack.hostUrl}/health`,
  }));
  const probing = prober.ask('sendEachAtRate', { requests: probes, perSecond: 1000 / LOOK_MS });
  const memory: number[] = [];
  const endMs = performance.now() + STORM_MS;
  while (performance.now() < endMs) {
    await delay(LOOK_MS);
    memory.push(...processes.map(({ child }) => readMemoryMb(child.pid!)));
  }
  const health = (await probing).map(({ status, latencyMs }) => (status === 200 ? latencyMs : Infinity));
  await prober.stop();
  over.abort();
  await Promise.all(storm);
  await delay(CALM_MS);
  const usual: number[] = [];
  for (let turn = 0; turn < USUAL_CALLS; turn++) {
    const { status, tookMs } = await call('GET', `/task/${counted}`);
    usual.push(status === 200 ? tookMs : Infinity);
  }
  const violations = await findViolations(stack.database.db);
  const { success } = await stack.client.getTask(counted);
  console.log(
    Object.fromEntries(statuses),
    `at most ${Math.round(Math.max(...memory))} MB`,
    `health within ${Math.round(Math.max(...health))} ms`,
  );
  await recordRun({
    fault: 'many times more requests than can be served, for a minute',
    tasks: 2 * (statuses.get(201) ?? 0),
    duplicates: 0,
    lost: violations.length + Math.max(0, added - success),
    recoveryMs: CALM_MS,
  });
  expect(violations).toEqual([]);
  // A request on a connection that the server has just closed gets no answer.
  expect(success).toBeGreaterThanOrEqual(added);
  expect(success).toBeLessThanOrEqual(added + unanswered);
  expect(unanswered).toBeLessThan(CLIENTS / 10);
  expect([...statuses.keys()].filter((status) => !['none', 200, 201, 202, 503].includes(status))).toEqual([]);
  expect(statuses.get(503)).toBeGreaterThan(CLIENTS);
  expect(impolite).toBe(0);
  expect(Math.max(...memory)).toBeLessThan(MEMORY_LIMIT_MB);
  expect(Math.max(...health)).toBeLessThan(HEALTH_LIMIT_MS);
  expect(percentile(usual, 0.95)).toBeLessThan(USUAL_LIMIT_MS);
  await stack.client.reportSuccess(counted);
}, 180_000);

test('20 batches of 10,000 tasks at once', async () => {
  const [api] = stack.apis;
  const tasks = Array.from({ length: BATCH_SIZE }, (_, index) =>
    aTask(`t${index}`, {
      dependencies: index === 0 ? [] : [{ id: `t${Math.floor((index - 1) / 10)}`, requires_success: true }],
    }),
  );
  const memory: number[] = [];
  const watch = setInterval(() => memory.push(readMemoryMb(api!.child.pid!)), LOOK_MS / 5);
  const create = async (): Promise<void> => {
    for (;;) {
      const { status } = await call('POST', '/task', tasks);
      if (status === 201) return;
      expect(status).toBe(503);
      await delay(LOOK_MS);
    }
  };
  await Promise.all(Array.from({ length: BATCHES }, create));
  clearInterval(watch);
  const batches = (await stack.client.listBatches()).slice(0, BATCHES);
  expect(batches).toHaveLength(BATCHES);
  expect(batches.map(({ total_tasks }) => total_tasks)).toEqual(batches.map(() => BATCH_SIZE));
  for (const { batch_id } of batches) await stack.client.stopBatch(batch_id);
  expect(Math.max(...memory)).toBeLessThan(MEMORY_LIMIT_MB);
}, 180_000);

test('100,000 tasks that a rule blocks, and allowed ones behind them', async () => {
  const rules: Rule[] = [
    {
      type: 'Concurency',
      max_concurency: 1,
      matcher: { status: 'Running', kind: 'blocked', fields: ['tenant'] },
    },
  ];
  const blocked = (id: string, tenant: number) => aTask(id, { kind: 'blocked', metadata: { tenant }, rules });
  const calledMs = new Map<string, number>();
  stack.receiver.behave(({ trigger, taskId, handle, target }) => {
    if (trigger !== 'start') return;
    calledMs.set(taskId!, performance.now());
    if (!target.startsWith('/held')) void handle.success().catch(() => undefined);
  });
  const TENANTS = 20;
  const held = webhook(`${stack.receiver.url}/held`);
  const holders = await stack.client.createBatch(
    Array.from({ length: TENANTS }, (_, tenant) => ({
      ...blocked(`holder${tenant}`, tenant),
      on_start: held,
    })),
  );
  for (const { id } of holders.tasks) await untilRunning(stack.client, id);
  const batches: string[] = [];
  for (let first = 0; first < BLOCKED; first += BLOCKED_IN_BATCH) {
    const tasks = Array.from({ length: BLOCKED_IN_BATCH }, (_, n) => blocked(`t${first + n}`, n % TENANTS));
    batches.push((await stack.client.createBatch(tasks)).batchId);
  }
  const tookMs: number[] = [];
  for (let n = 0; n < ALLOWED; n++) {
    const sentMs = performance.now();
    const { tasks } = await stack.client.createBatch([aTask(`allowed${n}`)]);
    const { id } = tasks[0]!;
    await expect.poll(() => calledMs.has(id), { interval: 5 }).toBe(true);
    tookMs.push(calledMs.get(id)! - sentMs);
  }
  expect(calledMs.size).toBe(TENANTS + ALLOWED);
  expect(percentile(tookMs, 0.5)).toBeLessThan(START_LIMIT_MS);
  for (const batchId of [holders.batchId, ...batches]) await stack.client.stopBatch(batchId);
}, 300_000);
