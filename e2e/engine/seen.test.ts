import { type Rule, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startReceiver } from '../harness/receiver.ts';
import { type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ apis: 2, workers: 2, settings: { WEBHOOK_MAX_ATTEMPTS: '1' } });
});
afterAll(() => stack.close());

const start = () => webhook(`${stack.receiver.url}/start`);

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered
type Looked = any;
const get = async (path: string): Promise<Looked> => (await fetch(stack.hostUrl + path)).json();

/** The events of a batch as an API process sends them, to their end. */
async function* follow(url: string, batchId: string): AsyncGenerator<{ event: string; data: Looked }> {
  const response = await fetch(`${url}/batch/${batchId}/events`);
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/m.exec(block) ?? [];
      if (event !== undefined) yield { event, data: JSON.parse(data!) };
    }
  }
}

// proves: http/events-anywhere
test('a batch is followed on one API while workers and the other API change it', async () => {
  stack.receiver.behave((call) => {
    if (call.trigger === 'start') void call.handle.success().catch(() => undefined);
  });
  const { batchId, tasks } = await stack.client.createBatch([
    task({ id: 'a', name: 'a', kind: 'e2e', on_start: start() }),
    task({
      id: 'b',
      name: 'b',
      kind: 'e2e',
      on_start: start(),
      dependencies: [{ id: 'a', requires_success: true }],
    }),
    task({
      id: 'c',
      name: 'c',
      kind: 'e2e',
      on_start: start(),
      dependencies: [{ id: 'b', requires_success: true }],
    }),
  ]);
  const statuses = new Map<string, string>();
  const events: string[] = [];
  for await (const { event, data } of follow(stack.apis[1]!.url, batchId)) {
    events.push(event);
    for (const { id, status } of data.tasks ?? []) statuses.set(id, status);
    if (event === 'end') expect(data.batch.status_counts.success).toBe(3);
  }
  expect(events[0]).toBe('snapshot');
  expect(events.at(-1)).toBe('end');
  expect(tasks.map(({ id }) => statuses.get(id))).toEqual(['Success', 'Success', 'Success']);
});

// proves: http/explain-rule
test('why a task has not started, until it starts', async () => {
  stack.receiver.behave(() => undefined);
  const rule: Rule = {
    type: 'Concurency',
    max_concurency: 1,
    matcher: { status: 'Running', kind: 'one', fields: [] },
  };
  const { tasks } = await stack.client.createBatch(
    ['a', 'b', 'c'].map((id) => task({ id, name: id, kind: 'one', on_start: start(), rules: [rule] })),
  );
  const [first, , last] = tasks.map(({ id }) => id);
  const explain = (id: string) => get(`/task/${id}/explain`);
  await until('it runs', async () => (await stack.client.getTask(first!)).status === 'Running');
  await until('it is known why', async () => (await explain(last!)).waiting_for.length > 0);
  expect((await explain(last!)).waiting_for).toMatchObject([
    { type: 'rule', occupancy: 1, limit: 1, holders: [{ id: first, status: 'Running' }], position: 2 },
  ]);
  await stack.client.reportSuccess(first!);
  await until('the next one runs', async () => (await explain(last!)).waiting_for[0]?.position === 1);
});

// proves: http/explain-origin
test('a task waits for a receiver that has been asked for all it may be asked for', async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  // Of its own, so that it has never answered: then a worker opens no more than a few calls.
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  receiver.behave(async (call) => {
    await answered;
    void call.handle.success().catch(() => undefined);
  });
  const { batchId, tasks } = await stack.client.createBatch(
    Array.from({ length: 40 }, (_, index) =>
      task({ id: `t${index}`, name: `t${index}`, kind: 'held', on_start: webhook(receiver.url) }),
    ),
  );
  const explain = () => get(`/task/${tasks.at(-1)!.id}/explain`);
  await until('it is known why', async () => (await explain()).waiting_for[0]?.reason === 'full');
  answer();
  await stack.client.waitForBatch(batchId);
});

// proves: http/retry-delivery
test('a notification that was given up is delivered when it is retried', async () => {
  let isBroken = true;
  stack.receiver.behave((call) => {
    if (call.trigger === 'start') void call.handle.success().catch(() => undefined);
    return call.trigger === 'end' && isBroken ? { status: 500 } : undefined;
  });
  const { tasks } = await stack.client.createBatch([
    task({
      id: 'a',
      name: 'a',
      kind: 'e2e',
      on_start: start(),
      on_success: [webhook(`${stack.receiver.url}/done`)],
    }),
  ]);
  const ledger = () => get(`/webhook-deliveries?task_id=${tasks[0]!.id}`);
  await until('it is given up', async () => (await ledger())[0]?.status === 'Exhausted');
  isBroken = false;
  const [{ id }] = await ledger();
  const retried = await fetch(`${stack.hostUrl}/webhook-deliveries/${id}/retry`, { method: 'POST' });
  expect([retried.status, await retried.json()]).toEqual([202, { retried: 1 }]);
  await until('it is delivered', async () => (await ledger())[0].status === 'Success');
  const calls = stack.receiver.callsOf(tasks[0]!.id, 'end');
  expect(calls.map(({ headers }) => headers['idempotency-key'])).toEqual(
    Array(2).fill(`${tasks[0]!.id}:end:success`),
  );
});
