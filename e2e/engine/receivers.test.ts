import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { handle, type NewTask, task, webhook } from '@arcrun/client';
import { findViolations } from '@arcrun/database/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

/** What holds up others takes longer than anything here, also on a slow machine. */
const HANGING_CALL_SECS = 30;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({
    apis: 1,
    workers: 3,
    settings: {
      CIRCUIT_BREAKER_FAILURE_THRESHOLD: '3',
      CIRCUIT_BREAKER_RECOVERY_TIMEOUT_SECS: '1',
      WEBHOOK_TIMEOUT_SECS: String(HANGING_CALL_SECS),
      WEBHOOK_RETRY_BACKOFF_BASE_SECS: '1',
    },
  });
});
afterAll(async () => {
  await stack.close();
});
afterEach(async () => {
  expect(await findViolations(stack.database.db)).toEqual([]);
});

const aTask = (id: string, url: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: 'work', on_start: webhook(`${url}/start`), ...rest });

const portOf = (server: HttpServer | TcpServer) => (server.address() as AddressInfo).port;

/** A receiver that ends each task at once, on a port that stays the same when it goes away and comes back. */
async function aReceiver(
  port = 0,
): Promise<{ url: string; port: number; calls: string[]; close(): Promise<void> }> {
  const calls: string[] = [];
  const server = createHttpServer((request, response) => {
    calls.push(String(request.headers['idempotency-key']));
    response.end();
    const url = new URL(request.url!, 'http://receiver').searchParams.get('handle');
    if (request.headers['x-task-trigger'] === 'start')
      void handle(url!)
        .success()
        .catch(() => undefined);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    port: portOf(server),
    calls,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const countsOf = async (batchId: string) => (await stack.client.getBatch(batchId)).status_counts;

async function until(holds: () => Promise<boolean>, limitMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error('not in time');
    await delay(50);
  }
}

// proves: webhooks/origin-open-tasks, webhooks/origin-opens, webhooks/origin-closes,
// webhooks/origin-probe-back
test('tasks for a receiver that is gone wait for it, and start when it is back', async () => {
  const first = await aReceiver();
  await first.close();
  const tasks = Array.from({ length: 100 }, (_, index) => aTask(`t${index}`, first.url));
  const { batchId } = await stack.client.createBatch(tasks);
  await delay(3500);
  const down = await countsOf(batchId);
  // Each worker fails as many in a row, with what it has open at once; the others wait.
  expect(down.failure).toBeGreaterThanOrEqual(3);
  expect(down.failure).toBeLessThanOrEqual(40);
  expect(down.pending + down.claimed).toBe(100 - down.failure);
  expect(await stack.metric('origin_breaker_transitions_total')).toBe(1);

  const back = await aReceiver(first.port);
  await until(async () => (await countsOf(batchId)).success === 100 - down.failure);
  expect((await countsOf(batchId)).failure).toBe(down.failure);
  // Closed by the one probe that was answered.
  expect(await stack.metric('origin_breaker_transitions_total')).toBe(2);
  await back.close();
});

// proves: webhooks/origin-open-notifications, webhooks/origin-opens
test('notifications to a receiver that is gone wait without using up their attempts', async () => {
  const gone = await aReceiver();
  await gone.close();
  const tasks = Array.from({ length: 50 }, (_, index) =>
    aTask(`t${index}`, stack.receiver.url, { on_success: [webhook(`${gone.url}/success`)] }),
  );
  stack.receiver.behave(({ handle: callback }) => void callback.success());
  const { batchId } = await stack.client.createBatch(tasks);
  await until(async () => (await countsOf(batchId)).success === 50);
  await delay(4000);
  const attempts = await stack.database.pool.query<{ most: number; all: number }>(
    `select max(attempts)::integer as most, sum(attempts)::integer as all from delivery
     where origin = $1 and worker_id is null`,
    [gone.url],
  );
  expect(attempts.rows[0]!.most).toBeLessThanOrEqual(3);
  const back = await aReceiver(gone.port);
  await until(async () => new Set(back.calls).size === 50);
  await back.close();
});

// proves: webhooks/slow-receivers
test('receivers that hang do not hold up the one that answers', async () => {
  const open: Socket[] = [];
  const hanging = createTcpServer((socket) => open.push(socket));
  hanging.listen(0, '0.0.0.0');
  await once(hanging, 'listening');
  // As many origins as addresses of this host; none ever answers.
  const urls = Array.from({ length: 20 }, (_, index) => `http://127.0.0.${index + 2}:${portOf(hanging)}`);
  stack.receiver.behave(({ handle: callback }) => void callback.success());
  const slow = await stack.client.createBatch(
    urls.flatMap((url, origin) =>
      Array.from({ length: 30 }, (_, index) => aTask(`s${origin}-${index}`, url)),
    ),
  );
  await delay(500);
  const beganMs = performance.now();
  const fast = await stack.client.createBatch(
    Array.from({ length: 200 }, (_, index) => aTask(`f${index}`, stack.receiver.url)),
  );
  await until(async () => (await countsOf(fast.batchId)).success === 200);
  // Not one of them waited for one of the others.
  expect(performance.now() - beganMs).toBeLessThan(1000 * HANGING_CALL_SECS * 0.75);
  await stack.client.stopBatch(slow.batchId);
  for (const socket of open) socket.destroy();
  hanging.close();
});
