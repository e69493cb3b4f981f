import { handle, task, webhook } from '@arcrun/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Stack, startStack } from './harness/stack.ts';

const TOKENS = ['the-first-of-the-tokens', 'the-second-of-the-tokens'] as const;
const WARNING = 'AUTH_TOKEN is not set';

const processesOf = ({ apis, workers }: Stack) => [...apis, ...workers];

describe('with AUTH_TOKEN', () => {
  let stack: Stack;
  beforeAll(async () => {
    const settings = { AUTH_TOKEN: TOKENS.join(','), LOG_LEVEL: 'debug' };
    stack = await startStack({ apis: 1, workers: 1, settings });
  });
  afterAll(() => stack.close());

  // proves: settings/auth-handle, settings/auth
  test('a receiver needs a token to report on its handle, and any of them will do', async () => {
    const { receiver, client } = stack;
    const tasks = [task({ id: 'a', name: 'a', kind: 'k', on_start: webhook(`${receiver.url}/start`) })];
    const created = await client.createBatch({ tasks });
    const { id } = created.tasks[0]!;
    await expect.poll(() => receiver.callsOf(id, 'start').length).toBe(1);
    const url = receiver.callsOf(id)[0]!.handleUrl!;
    await expect(handle(url).success()).rejects.toMatchObject({ status: 401 });
    await handle(url, { token: TOKENS[1] }).success();
    expect((await client.getTask(id)).status).toBe('Success');
  });

  // proves: settings/auth-worker
  test("a worker's metrics need one", async () => {
    const url = `${stack.workers[0]!.url}/metrics`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { authorization: `Bearer ${TOKENS[0]}` } })).status).toBe(200);
  });

  // proves: settings/secrets-not-logged
  test('no process prints a token, nor warns', async () => {
    for (const { output } of processesOf(stack)) {
      await expect.poll(output).toContain('started');
      expect(output()).not.toContain('of-the-tokens');
      expect(output()).not.toContain(WARNING);
    }
  });
});

// proves: settings/auth-unset
test('without it, each process warns of that', async () => {
  const stack = await startStack({ apis: 1, workers: 1 });
  for (const { output } of processesOf(stack)) await expect.poll(output).toContain(WARNING);
  await stack.close();
});
