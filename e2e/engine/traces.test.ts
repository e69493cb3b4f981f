import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type NewAction, type NewTask, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CollectedSpan, type Collector, startCollector } from '../harness/collector.ts';
import { startProcess } from '../harness/processes.ts';
import { type Stack, startStack } from '../harness/stack.ts';
import { freePort } from '../harness/free-port.ts';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/;

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

const traced = (settings: Readonly<Record<string, string>> = {}) => ({
  TRACING_ENABLED: '1',
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  LOG_FORMAT: 'json',
  LOG_LEVEL: 'debug',
  ...settings,
});

const to = (stack: Stack, path: string, headers: Record<string, string> = {}): NewAction =>
  webhook(`${stack.receiver.url}/${path}`, { headers });
const aTask = (stack: Stack, id: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: `kind-${id}`, on_start: to(stack, 'start'), ...rest });

/** Posts a batch without the client, to choose the headers. */
async function post(stack: Stack, body: unknown, headers: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(`${stack.hostUrl}/task`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  expect(answer.status).toBe(201);
  return answer.headers.get('x-batch-id')!;
}

const spansOf = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);
const linksTo = (span: CollectedSpan, other: CollectedSpan) =>
  span.links.some((link) => link.traceId === other.traceId && link.spanId === other.spanId);

describe('with tracing on', () => {
  let stack: Stack;
  let batchId: string;
  let ids: Record<string, string>;
  let traceId: string;
  const callers = {
    post: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    patch: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`,
  };

  beforeAll(async () => {
    stack = await startStack({
      apis: 1,
      workers: 2,
      settings: traced({
        OTEL_SERVICE_NAME: 'orders',
        OTEL_EXPORTER_OTLP_HEADERS: 'x-key=of-the-collector',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      }),
    });
    stack.receiver.behave((call) => {
      if (call.trigger !== 'start') return;
      void until('it runs', async () => (await stack.client.getTask(call.taskId!)).status === 'Running').then(
        () =>
          fetch(call.handleUrl!, {
            method: 'PATCH',
            headers: { 'content-type': 'application/json', traceparent: callers.patch },
            body: JSON.stringify({ status: 'Success' }),
          }),
      );
    });
    batchId = await post(
      stack,
      {
        tasks: [
          aTask(stack, 'first', { on_success: [to(stack, 'told')] }),
          aTask(stack, 'second', { dependencies: [{ id: 'first', requires_success: true }] }),
        ],
        on_batch_complete: [to(stack, 'complete')],
      },
      { traceparent: callers.post },
    );
    traceId = 'a'.repeat(32);
    const { tasks } = await stack.client.getDag(batchId);
    ids = Object.fromEntries(tasks.map(({ name, id }) => [name, id]));
    await stack.client.waitForBatch(batchId, { pollMs: 20 });
    await until('all is told and exported', async () =>
      [
        'POST /task',
        ...['claim kind-first', 'on_start kind-first', 'run kind-first', 'on_success kind-first'],
        ...['claim kind-second', 'on_start kind-second', 'run kind-second', 'on_batch_complete'],
      ].every((name) => spansOf(traceId).some((span) => span.name === name)),
    );
  });
  afterAll(() => stack.close());

  const find = (name: string): CollectedSpan => {
    const found = spansOf(traceId).filter((span) => span.name === name);
    expect([name, found.length]).toEqual([name, 1]);
    return found[0]!;
  };

  // proves: traces/one-trace, traces/attributes
  test('one trace goes from the request that created the batch to the last notification', () => {
    const request = find('POST /task');
    expect(request).toMatchObject({
      kind: 'server',
      parentId: 'b'.repeat(16),
      resource: {
        'service.name': 'orders',
        'arcrun.role': 'api',
        'deployment.environment.name': 'test',
      },
      attributes: { 'arcrun.batch_id': batchId, 'arcrun.tasks': 2, 'http.response.status_code': 201 },
    });
    expect(collector.headers['x-key']).toBe('of-the-collector');
    for (const name of ['first', 'second']) {
      const about = {
        'arcrun.batch_id': batchId,
        'arcrun.task_id': ids[name]!,
        'arcrun.kind': `kind-${name}`,
      };
      const claim = find(`claim kind-${name}`);
      expect(claim).toMatchObject({
        parentId: request.spanId,
        attributes: { ...about, 'arcrun.claim': 1 },
        resource: { 'arcrun.role': 'worker' },
      });
      const { host, port } = new URL(stack.receiver.url);
      expect(find(`on_start kind-${name}`)).toMatchObject({
        kind: 'client',
        parentId: claim.spanId,
        isError: false,
        attributes: {
          ...about,
          'http.request.method': 'POST',
          'http.response.status_code': 200,
          'server.address': host.split(':')[0],
          'server.port': Number(port),
        },
      });
      expect(find(`run kind-${name}`)).toMatchObject({
        parentId: claim.spanId,
        attributes: { ...about, 'arcrun.status': 'Success' },
      });
    }
    expect(find('on_success kind-first')).toMatchObject({
      kind: 'client',
      parentId: find('claim kind-first').spanId,
    });
    expect(find('on_batch_complete')).toMatchObject({
      kind: 'client',
      parentId: request.spanId,
      attributes: { 'arcrun.batch_id': batchId },
    });
  });

  // proves: traces/one-trace
  test('a task is linked to the parents that it waited for, and follows them', () => {
    const [first, second] = [find('claim kind-first'), find('claim kind-second')];
    expect(linksTo(second, first)).toBe(true);
    expect(first.links.some(({ spanId }) => spanId === second.spanId)).toBe(false);
    expect(second.beganMs).toBeGreaterThanOrEqual(find('run kind-first').endedMs - 5);
    for (const span of spansOf(traceId)) expect(span.endedMs).toBeGreaterThanOrEqual(span.beganMs);
  });

  // proves: traces/receiver
  test('a receiver is told the span of its call', () => {
    for (const name of ['first', 'second']) {
      const [start] = stack.receiver.callsOf(ids[name]!, 'start');
      const [, trace, span] = TRACEPARENT.exec(start!.headers['traceparent'] as string)!;
      expect([trace, span]).toEqual([traceId, find(`on_start kind-${name}`).spanId]);
    }
    const [told] = stack.receiver.callsOf(ids['first']!, 'end');
    expect(told!.headers['traceparent']).toContain(find('on_success kind-first').spanId);
    const [complete] = stack.receiver.callsOf(batchId, 'batch_complete');
    expect(complete!.headers['traceparent']).toContain(find('on_batch_complete').spanId);
  });

  // proves: traces/linked
  test('the call that ended a task is linked, with the span that it came with', () => {
    const run = find('run kind-first');
    expect(run.links).toContainEqual({ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) });
    const call = spansOf('c'.repeat(32)).find((span) => span.attributes['arcrun.task_id'] === ids['first'])!;
    expect(call).toMatchObject({ name: 'PATCH /task/:id', kind: 'server', parentId: 'd'.repeat(16) });
    expect(linksTo(run, call)).toBe(true);
    expect(linksTo(call, find('claim kind-first'))).toBe(true);
  });

  // proves: traces/queues
  test("BullMQ's spans tell which bell was rung and which round answered it", () => {
    const rung = spansOf(traceId).find(({ kind }) => kind === 'producer')!;
    const round = spansOf(traceId).find(({ kind }) => kind === 'consumer')!;
    expect(rung).toMatchObject({ parentId: find('POST /task').spanId, resource: { 'arcrun.role': 'api' } });
    expect(round).toMatchObject({ resource: { 'arcrun.role': 'worker' } });
    expect(linksTo(find('claim kind-first'), round)).toBe(true);
    // A round that nobody's request rang for begins no trace of its own, and none rings for the next in its trace.
    for (const span of collector.spans) {
      if (span.parentId === undefined) expect(span.kind).toBe('server');
      if (span.kind === 'producer') expect(span.resource['arcrun.role']).toBe('api');
    }
    for (const trace of new Set(collector.spans.map((span) => span.traceId))) {
      const ofKind = (wanted: string) => spansOf(trace).filter(({ kind }) => kind === wanted).length;
      expect(ofKind('consumer')).toBeLessThanOrEqual(ofKind('producer'));
    }
  });

  // proves: traces/one-trace
  test.each<
    [how: string, trace: string, headers: Record<string, string>, pad: number, rest: Partial<NewTask>]
  >([
    ['with a key', '1', { 'idempotency-key': 'traced' }, 0, {}],
    ['in a large body', '2', {}, 1_200_000, {}],
    [
      'without its duplicates',
      '3',
      {},
      0,
      { dedupe_strategy: [{ status: 'Waiting', kind: 'none', fields: [] }] },
    ],
  ])(
    'a batch keeps the trace of its request when it is created %s',
    async (_how, trace, headers, pad, rest) => {
      const caller = trace.repeat(32);
      const body = JSON.stringify([aTask(stack, `traced-${trace}`, { metadata: {}, ...rest })]).padEnd(
        pad,
        ' ',
      );
      const traceparent = `00-${caller}-${'b'.repeat(16)}-01`;
      const batch = await post(stack, body, { ...headers, traceparent });
      await stack.client.waitForBatch(batch, { pollMs: 20 });
      const { tasks } = await stack.client.getDag(batch);
      const [start] = stack.receiver.callsOf(tasks[0]!.id, 'start');
      expect(TRACEPARENT.exec(start!.headers['traceparent'] as string)![1]).toBe(caller);
      await until('its request is exported', async () =>
        spansOf(caller).some(
          (span) => span.name === 'POST /task' && span.attributes['arcrun.batch_id'] === batch,
        ),
      );
    },
  );

  // proves: traces/own-header
  test("a traceparent among the user's own headers is sent as it was given", async () => {
    const own = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`;
    const batch = await post(stack, [
      aTask(stack, 'own', { on_start: to(stack, 'start', { Traceparent: own }) }),
    ]);
    await stack.client.waitForBatch(batch, { pollMs: 20 });
    const { tasks } = await stack.client.getDag(batch);
    const [start] = stack.receiver.callsOf(tasks[0]!.id, 'start');
    expect(start!.headers['traceparent']).toBe(own);
  });

  // proves: traces/log-lines, logs/request-ids
  test('lines tell the trace and the request that they belong to', async () => {
    const batch = await post(stack, [aTask(stack, 'logged')], {
      'x-request-id': 'mine-1',
      traceparent: callers.post,
    });
    await stack.client.waitForBatch(batch, { pollMs: 20 });
    const lines = stack.apis[0]!.output()
      .split('\n')
      .filter((line) => line.includes('"request_id":"mine-1"'));
    expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        message: 'request answered',
        path: '/task',
        trace_id: traceId,
        span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      }),
    );
    // The round of a worker that was rung for by this request names it.
    await until('its round is told', async () =>
      stack.workers.some(({ output }) =>
        /"round ended"[^\n]*"mine-1"|"mine-1"[^\n]*"round ended"/.test(output()),
      ),
    );
  });

  test('what is asked for all the time, or open for long, is not traced', async () => {
    const paths = ['/health', '/ready', '/metrics', '/view', '/admin/queues', `/batch/${batchId}/events`];
    for (const path of paths) await (await fetch(stack.hostUrl + path)).body?.cancel();
    const last = '9'.repeat(32);
    await fetch(`${stack.hostUrl}/task`, { headers: { traceparent: `00-${last}-${'b'.repeat(16)}-01` } });
    await until('what came last is exported', async () => spansOf(last).length === 1);
    const seen = collector.spans.map((span) => span.attributes['url.path']);
    for (const path of paths) expect(seen).not.toContain(path);
  });

  // proves: traces/failures
  test('what failed is marked: a call, and a task that timed out', async () => {
    stack.receiver.behave((call) => {
      if (call.target.startsWith('/refuse')) return { status: 500 };
      return undefined;
    });
    const caller = `00-${'e'.repeat(32)}-${'b'.repeat(16)}-01`;
    const batch = await post(
      stack,
      [aTask(stack, 'refused', { on_start: to(stack, 'refuse') }), aTask(stack, 'silent', { timeout: 1 })],
      { traceparent: caller },
    );
    await stack.client.waitForBatch(batch, { pollMs: 50 });
    await until('both are exported', async () =>
      ['on_start kind-refused', 'run kind-silent'].every((name) =>
        spansOf('e'.repeat(32)).some((span) => span.name === name && span.isError),
      ),
    );
  });
});

// proves: traces/ratio
test('with a ratio of 0 there is no trace, and receivers are told so', async () => {
  const stack = await startStack({ apis: 1, workers: 1, settings: traced({ OTEL_SAMPLING_RATIO: '0' }) });
  const before = collector.spans.length;
  stack.receiver.behave((call) => (call.trigger === 'start' ? call.handle.success() : undefined));
  const batch = await post(stack, [aTask(stack, 'unseen')]);
  await stack.client.waitForBatch(batch, { pollMs: 20 });
  const { tasks } = await stack.client.getDag(batch);
  const [start] = stack.receiver.callsOf(tasks[0]!.id, 'start');
  expect(TRACEPARENT.exec(start!.headers['traceparent'] as string)![3]).toBe('00');
  // What is left is exported when they stop.
  await stack.close();
  expect(collector.spans.length).toBe(before);
});

// proves: traces/collector-away
test('a collector that cannot be reached disturbs nothing, and holds up no stop', async () => {
  const away = await startCollector();
  await away.close();
  const settings = traced({ OTEL_EXPORTER_OTLP_ENDPOINT: away.url });
  const stack = await startStack({ apis: 1, workers: 1, settings });
  stack.receiver.behave((call) => (call.trigger === 'start' ? call.handle.success() : undefined));
  const batch = await post(
    stack,
    Array.from({ length: 50 }, (_, n) => aTask(stack, `t${n}`)),
  );
  const state = await stack.client.waitForBatch(batch, { pollMs: 20 });
  expect(state.status_counts.success).toBe(50);
  const beganMs = performance.now();
  for (const each of [...stack.apis, ...stack.workers]) expect(await each.stop()).toBe(0);
  expect(performance.now() - beganMs).toBeLessThan(12_000);
  await stack.close();
});

// proves: traces/off
test('without tracing nothing of it is written or sent', async () => {
  const stack = await startStack({ apis: 1, workers: 1 });
  stack.receiver.behave((call) => (call.trigger === 'start' ? call.handle.success() : undefined));
  const batch = await post(stack, [aTask(stack, 'plain')], {
    traceparent: `00-${'f'.repeat(32)}-${'b'.repeat(16)}-01`,
  });
  await stack.client.waitForBatch(batch, { pollMs: 20 });
  const { tasks } = await stack.client.getDag(batch);
  const [start] = stack.receiver.callsOf(tasks[0]!.id, 'start');
  expect(start!.headers['traceparent']).toBeUndefined();
  const row = await stack.database.db
    .selectFrom('batch')
    .select('traceparent')
    .where('id', '=', batch)
    .executeTakeFirstOrThrow();
  expect(row.traceparent).toBeNull();
  await stack.close();
});

/** What a process has loaded when it has done a task, and whether OpenTelemetry is among it. */
async function modulesOf(settings: Readonly<Record<string, string>>): Promise<boolean[]> {
  const folder = await mkdtemp(join(tmpdir(), 'arcrun-modules-'));
  const file = join(folder, 'modules');
  const hook = pathToFileURL(join(import.meta.dirname, '../harness/record-modules.mjs')).href;
  const recorded = { ...settings, NODE_OPTIONS: `--import ${hook}`, LOADED_MODULES_FILE: file };
  const stack = await startStack({ apis: 1, workers: 1, settings: recorded });
  stack.receiver.behave((call) => (call.trigger === 'start' ? call.handle.success() : undefined));
  const batch = await post(stack, [aTask(stack, 'any')]);
  await stack.client.waitForBatch(batch, { pollMs: 20 });
  const ofBundles = await readFile(file, 'utf8');
  // The same from the sources.
  await writeFile(file, '');
  const port = String(await freePort());
  const env = {
    ...recorded,
    DATABASE_URL: stack.database.url,
    REDIS_URL: stack.redis.url,
    HOST_URL: stack.hostUrl,
    LOG_LEVEL: 'warn',
    PORT: port,
  };
  const script = join(import.meta.dirname, '../../packages/api/src/main.ts');
  const fromSource = await startProcess('API from sources', script, `http://127.0.0.1:${port}`, env);
  await fromSource.stop();
  const ofSources = await readFile(file, 'utf8');
  await stack.close();
  await rm(folder, { recursive: true });
  return [ofBundles, ofSources].map((list) => {
    const urls = new Set(list.split('\n').filter((url) => url.startsWith('file:')));
    expect(urls.size).toBeGreaterThan(2);
    return Array.from(urls).some(
      (url) =>
        url.includes('/@opentelemetry/') ||
        // A bundle tells in comments what is in it.
        (url.includes('/dist/') &&
          !url.includes('node_modules') &&
          readFileSync(fileURLToPath(url), 'utf8').includes('/@opentelemetry/')),
    );
  });
}

// proves: traces/off
test('OpenTelemetry is loaded when tracing is on, and not otherwise', async () => {
  expect(await modulesOf(traced())).toEqual([true, true]);
  expect(await modulesOf({})).toEqual([false, false]);
});
