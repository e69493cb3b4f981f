import { task, webhook } from '@arcrun/client';
import { expect, test } from 'vitest';
import { arcrun } from '../harness/arcrun.ts';
import { untilRunning, startStack } from '../harness/stack.ts';

// proves: client/command-deliveries-retry
test('deliveries retry makes exhausted ones due again: one, those of a batch, all', async () => {
  const own = await startStack({ apis: 1, workers: 1, settings: { WEBHOOK_MAX_ATTEMPTS: '1' } });
  const words = (...more: string[]) =>
    arcrun(['deliveries', ...more], { env: { ARCRUN_URL: own.apis[0]!.url } });
  let isUp = false;
  own.receiver.behave(({ trigger }) => ({ status: trigger === 'start' || isUp ? 200 : 500 }));
  const batches = [];
  for (let n = 0; n < 3; n += 1) {
    const { batchId, tasks } = await own.client.createBatch([
      task({
        id: 'a',
        kind: 'k',
        on_start: webhook(`${own.receiver.url}/start`),
        on_success: [webhook(`${own.receiver.url}/done`)],
      }),
    ]);
    await untilRunning(own.client, tasks[0]!.id);
    await own.client.reportSuccess(tasks[0]!.id);
    batches.push(batchId);
  }
  const exhausted = async (): Promise<number> =>
    (await own.client.listDeliveries({ status: 'Exhausted' })).length;
  await expect.poll(exhausted, { timeout: 20_000 }).toBe(3);
  isUp = true;
  const ofFirst = await own.client.listDeliveries({ batch_id: batches[0]! });
  expect((await words('list', '--batch', batches[0]!)).stdout).toContain(ofFirst[0]!.id);
  expect((await words('retry', ofFirst[0]!.id)).stdout).toBe('1 delivery is due again.\n');
  expect((await words('retry', '--batch', batches[1]!)).stdout).toBe('1 delivery is due again.\n');
  await expect.poll(exhausted, { timeout: 20_000 }).toBe(1);
  expect((await words('retry', '--all')).stdout).toBe('1 delivery is due again.\n');
  await expect
    .poll(async () => (await own.client.listDeliveries({ status: 'Success' })).length, { timeout: 20_000 })
    .toBe(3);
  const refused = await words('retry', ofFirst[0]!.id);
  expect(refused).toMatchObject({ code: 4, stderr: 'The notification has been delivered.\n' });
  await own.close();
});
