import { type NewTask, type Rule, task, webhook } from '@arcrun/client';
import { findViolations } from '@arcrun/database/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ apis: 2, workers: 3 });
});
afterAll(async () => {
  await stack.close();
});
afterEach(async () => {
  expect(stack.receiver.errors).toEqual([]);
  stack.receiver.behave(() => undefined);
  stack.receiver.forget();
  expect(await findViolations(stack.database.db)).toEqual([]);
});

const atMost = (limit: number, fields: string[]): Rule => ({
  type: 'Concurency',
  max_concurency: limit,
  matcher: { status: 'Running', kind: 'limited', fields },
});

const aTask = (id: string, rest: Partial<NewTask>): NewTask =>
  task({ id, name: id, kind: 'limited', on_start: webhook(`${stack.receiver.url}/start`), ...rest });

// proves: rules/atomic
test('no instant has more than the rules allow, and all of the room is used', async () => {
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  const count = (key: string, by: number) => {
    const now = (running.get(key) ?? 0) + by;
    running.set(key, now);
    most.set(key, Math.max(most.get(key) ?? 0, now));
  };
  stack.receiver.behave((call) => {
    const { tenant } = JSON.parse(call.body) as { tenant: string };
    // From the arrival of on_start until before the end is sent.
    count(tenant, 1);
    count('all', 1);
    void delay(5).then(async () => {
      count(tenant, -1);
      count('all', -1);
      await call.handle.success();
    });
  });
  const rules = [atMost(8, []), atMost(3, ['tenant'])];
  const tenants = ['a', 'b', 'c', 'd'];
  const created = await Promise.all(
    Array.from({ length: 8 }, (_, batch) =>
      stack.clients[batch % 2]!.createBatch(
        Array.from({ length: 50 }, (__, index) => {
          const tenant = tenants[(index + batch) % tenants.length]!;
          return aTask(`t${index}`, {
            rules,
            metadata: { tenant },
            on_start: webhook(`${stack.receiver.url}/start`, { body: { tenant } }),
          });
        }),
      ),
    ),
  );
  await Promise.all(created.map(({ batchId }) => stack.client.waitForBatch(batchId, { pollMs: 50 })));
  expect(most.get('all')).toBe(8);
  // Eight places for all tenants: whether one of them ever holds its three hangs on who ends first.
  expect(Math.max(...tenants.map((tenant) => most.get(tenant)!))).toBeLessThanOrEqual(3);
  expect(stack.receiver.calls).toHaveLength(400);
});

// proves: http/batch-rules-at-once, rules/freed-at-once
test('rules that are lifted let all that waited start at once', async () => {
  const held: (() => void)[] = [];
  stack.receiver.behave((call) => {
    held.push(() => void call.handle.success());
  });
  const { batchId } = await stack.client.createBatch(
    Array.from({ length: 20 }, (_, index) => aTask(`t${index}`, { rules: [atMost(1, [])] })),
  );
  await expect.poll(() => held.length).toBe(1);
  expect(await stack.client.updateBatchRules(batchId, { kind: 'limited', rules: [] })).toMatchObject({
    updated_count: 20,
  });
  await expect.poll(() => held.length).toBe(20);
  for (const end of held) end();
  await stack.client.waitForBatch(batchId, { pollMs: 20 });
});
