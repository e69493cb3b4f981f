import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isSigned, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

const OLD = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NEW = 'whsec_b2YgdGhlIG5ldyBzZWNyZXQsIDMyIGJ5dGVzIGxvbmc=';
const SHIFTED_CLOCK = pathToFileURL(resolve(import.meta.dirname, '../faults/system/shifted-clock.mjs')).href;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 0, settings: { WEBHOOK_SIGNING_SECRET: `${OLD},${NEW}` } });
  // Its own clock says that it is an hour later.
  await stack.startWorker({ NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`, CLOCK_SHIFT_MS: '3600000' });
});
afterAll(() => stack.close());

// proves: webhooks/signed, webhooks/signed-rotation, webhooks/signed-time
test('every call is signed with each secret, by the time of the database', async () => {
  const url = `${stack.receiver.url}/work`;
  stack.receiver.behave((call) => {
    if (call.trigger !== 'start') return;
    // One ends well, the other is canceled.
    if (call.target.includes('ends')) void call.handle.success();
    return { status: 200, body: webhook(`${url}/cancel`) };
  });
  const { batchId, tasks } = await stack.client.createBatch({
    tasks: [
      task({
        id: 'ends',
        kind: 'signed',
        on_start: webhook(`${url}?ends`, { body: { text: 'ü', list: [1, null] } }),
        on_success: [webhook(`${url}/told`, { verb: 'Put', body: { a: 1 } })],
      }),
      task({ id: 'canceled', kind: 'signed', on_start: webhook(url, { verb: 'Get' }) }),
    ],
    on_batch_complete: [webhook(`${url}/complete`)],
  });
  const canceled = tasks[1]!.id;
  await until('it runs', async () => (await stack.client.getTask(canceled)).status === 'Running');
  await stack.client.cancelTask(canceled);
  const triggers = () => stack.receiver.calls.map(({ trigger }) => trigger).toSorted();
  await until('all were told', async () => stack.receiver.callsOf(batchId, 'batch_complete').length > 0);
  await until('all were told', async () => triggers().length === 5);
  expect(triggers()).toEqual(['batch_complete', 'cancel', 'end', 'start', 'start']);
  for (const call of stack.receiver.calls) {
    expect(call.headers['webhook-id']).toBe(call.headers['idempotency-key']);
    for (const secret of [OLD, NEW])
      expect([call.trigger, await isSigned(call, call.body, secret)]).toEqual([call.trigger, true]);
    expect(await isSigned(call, `${call.body} `, [OLD, NEW])).toBe(false);
    expect(await isSigned(call, call.body, `whsec_${'x'.repeat(32)}`)).toBe(false);
  }
});
