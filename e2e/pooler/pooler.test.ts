import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { task, webhook } from '@arcrun/client';
import { type CuttableWay, openWay, until } from '@arcrun/database/testing';
import { type RunningService, startPooler } from '@arcrun/local';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

const QUERY_WAIT_SECS = 2;

let folder: string;
let stack: Stack;
let pooler: RunningService;
/** From the pooler to Postgres. */
let way: CuttableWay;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arcrun-pooler-'));
  stack = await startStack({
    apis: 1,
    workers: 1,
    hasFaults: true,
    ways: {
      database: async (url) => {
        way = await openWay(url);
        // Its connections go soon after the processes, so that the database can be dropped.
        const settings = { query_wait_timeout: QUERY_WAIT_SECS, server_idle_timeout: 1 };
        pooler = await startPooler({ dataDir: join(folder, 'pooler'), databaseUrl: way.url, settings });
        return pooler.url;
      },
    },
  });
});
afterEach(async () => {
  way.mend();
  await stack.close();
  await pooler.stop();
  await way.close();
  await rm(folder, { recursive: true });
});

const tasks = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    task({
      id: `t${index}`,
      name: `t${index}`,
      kind: 'pooled',
      on_start: webhook(`${stack.receiver.url}/start`),
    }),
  );

const post = async () => {
  const beganMs = performance.now();
  const response = await fetch(`${stack.apis[0]!.url}/task`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tasks(1)),
  });
  await response.arrayBuffer();
  return { status: response.status, tookMs: performance.now() - beganMs };
};

test('Postgres gone behind the pooler: 503 after its wait, and work goes on when it is back', async () => {
  const { client, receiver, apis } = stack;
  receiver.behave((call) => {
    if (call.trigger === 'start') setTimeout(() => void call.handle.success().catch(() => undefined), 10);
  });
  const { batchId } = await client.createBatch(tasks(100));
  await until('it is under way', async () => receiver.calls.length > 10);
  way.cut();
  // What was under way fails at once, what comes afterwards when the pooler has waited.
  for (let attempt = 0; attempt < 3; attempt++) {
    const { status, tookMs } = await post();
    expect(status).toBe(503);
    expect(tookMs).toBeLessThan((QUERY_WAIT_SECS + 2) * 1000);
  }
  expect((await fetch(`${apis[0]!.url}/ready`)).status).toBe(503);
  way.mend();
  await until('the API takes work again', async () => (await post()).status === 201, 20_000);
  // Those whose end was reported in vain are reported again.
  for (const call of receiver.calls) if (call.trigger === 'start') await call.handle.success();
  await client.waitForBatch(batchId, { pollMs: 50, signal: AbortSignal.timeout(20_000) });
  expect((await client.getBatch(batchId)).status_counts).toMatchObject({ success: 100 });
});
