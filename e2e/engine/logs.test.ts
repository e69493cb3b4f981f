import { once } from 'node:events';
import { type NewAction, type NewTask, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningProcess } from '../harness/processes.ts';
import { type Stack, startStack } from '../harness/stack.ts';

const TOKEN = 'a-token-that-is-never-logged';

type Line = { readonly level: string; readonly message: string } & Readonly<Record<string, unknown>>;

const linesOf = ({ output }: RunningProcess): Line[] =>
  output()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

const aTask = (stack: Stack, id: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: 'logged', on_start: webhook(`${stack.receiver.url}/start`), ...rest });

// proves: logs/hot-path, logs/json
test('a busy system is silent at info: no line for a task', async () => {
  const stack = await startStack({
    apis: 1,
    workers: 2,
    settings: { LOG_LEVEL: 'info', LOG_FORMAT: 'json' },
  });
  stack.receiver.behave((call) => (call.trigger === 'start' ? call.handle.success() : undefined));
  const processes = [...stack.apis, ...stack.workers];
  await until('they have said that they started', async () =>
    processes.every((each) => linesOf(each).some(({ message }) => /^(API|worker) started$/.test(message))),
  );
  const before = processes.map((each) => linesOf(each).length);
  const tasks = Array.from({ length: 300 }, (_, n) =>
    aTask(stack, `t${n}`, {
      on_success: [webhook(`${stack.receiver.url}/done`)],
      ...(n % 3 > 0 && { dependencies: [{ id: `t${n - (n % 3)}`, requires_success: true }] }),
    }),
  );
  const { batchId } = await stack.client.createBatch(tasks);
  await stack.client.waitForBatch(batchId, { pollMs: 50 });
  await until('all is told', async () => stack.receiver.calls.length === 600);
  // Warnings are not about tasks: a machine that is slow loses a bell now and then.
  const since = processes.flatMap((each, at) => linesOf(each).slice(before[at]));
  expect(since.filter(({ level }) => level !== 'warn')).toEqual([]);
  expect(since.length).toBeLessThan(20);
  await stack.close();
});

// proves: metrics/slow-logged, metrics/slow-queries-total
test('slow statements are counted, and told once in a while', async () => {
  const settings = { LOG_LEVEL: 'warn', LOG_FORMAT: 'json', SLOW_QUERY_THRESHOLD_MS: '0' };
  const stack = await startStack({ apis: 1, workers: 0, settings });
  await stack.client.createBatch([]);
  await stack.client.createBatch([]);
  const page = await (await fetch(`${stack.hostUrl}/metrics`)).text();
  const [, count] = /^slow_queries_total\{query="create_batch"\} (\d+)$/m.exec(page)!;
  expect(Number(count)).toBeGreaterThanOrEqual(2);
  const told = linesOf(stack.apis[0]!).filter(({ message }) => message === 'slow statement');
  expect(told).toEqual([
    expect.objectContaining({ level: 'warn', query: expect.any(String), duration_ms: expect.any(Number) }),
  ]);
  await stack.close();
});

describe('with a token, at debug', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({
      apis: 1,
      workers: 1,
      settings: { LOG_LEVEL: 'debug', LOG_FORMAT: 'json', AUTH_TOKEN: TOKEN, WEBHOOK_MAX_ATTEMPTS: '1' },
    });
  });
  afterAll(() => stack.close());

  const call = (
    { url }: RunningProcess,
    method: string,
    path: string,
    { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
  ) =>
    fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body }),
    });

  // proves: logs/secrets, settings/secrets-not-logged
  test('no secret gets into a line, whatever goes wrong', async () => {
    const secret = 'never-to-be-read';
    const headers = { 'x-api-key': secret, authorization: `Bearer ${secret}` };
    const withSecrets = (url: string): NewAction => webhook(url, { headers });
    const { port } = new URL(stack.receiver.url);
    stack.receiver.behave((each) => {
      if (each.target.startsWith('/wrong'))
        // A cancel action that is none.
        return { status: 200, body: { kind: 'Webhook', params: { url: 'x', verb: 'Post', headers } } };
      if (each.target.startsWith('/refuse')) return { status: 500 };
      return undefined;
    });
    const { batchId, tasks } = await stack.client.createBatch([
      aTask(stack, 'wrong', { on_start: withSecrets(`${stack.receiver.url}/wrong`), timeout: 1 }),
      aTask(stack, 'refused', { on_start: withSecrets(`http://user:${secret}@127.0.0.1:${port}/refuse`) }),
      aTask(stack, 'gone', { on_start: withSecrets(`http://user:${secret}@127.0.0.1:1/`) }),
      aTask(stack, 'told', {
        on_start: withSecrets(`${stack.receiver.url}/refuse`),
        on_failure: [withSecrets(`http://user:${secret}@127.0.0.1:1/`)],
      }),
    ]);
    await call(stack.apis[0]!, 'GET', `/task/${tasks[0]!.id}?token=x`, {
      headers: { cookie: `c=${secret}` },
    });
    await call(stack.apis[0]!, 'GET', '/task', { headers: { authorization: `Bearer ${secret}` } });
    await call(stack.apis[0]!, 'POST', '/task', { body: `[{"id": "${secret}"` });
    await stack.client.waitForBatch(batchId, { pollMs: 50 });
    const said = [...stack.apis, ...stack.workers].map(({ output }) => output()).join('');
    expect(said).toContain('answer of on_start is no cancel action');
    expect(said).toContain('request answered');
    expect(said).not.toContain(secret);
    expect(said).not.toContain(TOKEN);
  });

  // proves: logs/request-ids
  test('a request has an id that is answered, logged, and carried into the round that it rang for', async () => {
    const api = stack.apis[0]!;
    const body = JSON.stringify([aTask(stack, 'named')]);
    const given = await call(api, 'POST', '/task', { body, headers: { 'x-request-id': 'order-7:1' } });
    expect(given.headers.get('x-request-id')).toBe('order-7:1');
    await until('it is logged', async () =>
      linesOf(api).some((line) => line['request_id'] === 'order-7:1' && line.message === 'request answered'),
    );
    await until('its round names it', async () =>
      linesOf(stack.workers[0]!).some(
        (line) =>
          line['request_id'] === 'order-7:1' && line.message === 'round ended' && line['queue'] === 'start',
      ),
    );
    for (const insane of ['with space', 'x'.repeat(129), '"quoted"', '<b>']) {
      const answer = await call(api, 'GET', '/task', { headers: { 'x-request-id': insane } });
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  // proves: logs/level
  test.each(['API', 'worker'])('the level of a process changes at run time: %s', async (which) => {
    const process = which === 'API' ? stack.apis[0]! : stack.workers[0]!;
    const set = (body: string, headers: Record<string, string> = {}) =>
      call(process, 'PUT', '/admin/log-level', { body, headers });
    expect((await set('{"level":"error"}', { authorization: 'Bearer wrong' })).status).toBe(401);
    for (const [body, detail] of [
      ['{"level":"loud"}', 'level: must be one of error, warn, info, debug'],
      ['{}', 'level: is required'],
      ['', 'body: '],
      ['{', 'body: '],
      ['[]', 'body: '],
    ] as const) {
      const answer = await set(body);
      expect([body, answer.status]).toEqual([body, 400]);
      const { details } = (await answer.json()) as { details: string[] };
      expect(details[0]).toContain(detail);
    }
    const answer = await set('{"level":"error"}');
    expect([answer.status, await answer.json()]).toEqual([200, { level: 'error' }]);
    const quiet = linesOf(process).length;
    await call(process, 'GET', '/nowhere');
    await call(process, 'GET', '/metrics');
    expect(linesOf(process).length).toBe(quiet);
    expect(await (await call(process, 'GET', '/admin/log-level')).json()).toEqual({ level: 'error' });
    expect((await call(process, 'DELETE', '/admin/log-level')).status).toBe(405);
    await set('{"level":"debug"}');
  });

  // proves: logs/level
  test('SIGUSR2 switches to debug and back', async () => {
    for (const process of [stack.apis[0]!, stack.workers[0]!]) {
      await call(process, 'PUT', '/admin/log-level', { body: '{"level":"warn"}' });
      for (const level of ['debug', 'warn']) {
        const changed = once(process.child.stdout!, 'data');
        process.child.kill('SIGUSR2');
        await changed;
        await until(`it is ${level}`, async () => {
          const answer = await call(process, 'GET', '/admin/log-level');
          return ((await answer.json()) as { level: string }).level === level;
        });
      }
    }
  });
});

// proves: settings/redis-eviction
test('a Redis that may throw keys away is warned of', async () => {
  const stack = await startStack({ apis: 0, workers: 0 });
  const redis = new Redis(stack.redis.url);
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  redis.disconnect();
  for (const process of [await stack.startApi(), await stack.startWorker()])
    await until('it is said', async () => /warn Redis may lose bells .*allkeys-lru/.test(process.output()));
  await stack.close();
});
