import { task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { expect, test } from 'vitest';
import { startStack } from './harness/stack.ts';

// proves: settings/retention-moves, http/task-archived, settings/archived-batch
test('a worker archives what has ended when it is told to, and it answers as before', async () => {
  const settings = { RETENTION_ENABLED: '1', RETENTION_DAYS: '0', RETENTION_CLEANUP_INTERVAL_SECS: '1' };
  const stack = await startStack({ apis: 1, workers: 1, settings });
  const { client, receiver } = stack;
  receiver.behave((call) => {
    if (call.trigger === 'start') void call.handle.success();
  });
  const aTask = (id: string, rest: object = {}) =>
    task({ id, name: id, kind: 'k', on_start: webhook(`${receiver.url}/start`), ...rest });
  const { batchId, tasks } = await client.createBatch([
    aTask('a'),
    aTask('b', { dependencies: [{ id: 'a', requires_success: true }] }),
  ]);
  const id = tasks[0]!.id;
  await until('it is archived', async () => (await client.getTask(id)).actions.length === 0);
  expect(await client.getTask(id)).toMatchObject({ id, status: 'Success', name: 'a' });
  expect(await client.getBatch(batchId)).toMatchObject({ total_tasks: 2, status_counts: { success: 2 } });
  expect((await client.getDag(batchId)).links).toHaveLength(1);
  expect(await client.listTasks()).toEqual([]);
  await stack.close();
});
