import type { ActionToCall, Claim, LeasedDelivery } from '@arcrun/database';
import { expect, test } from 'vitest';
import { buildDeliveryCall, buildStartCall } from './build-call.ts';

const ID = '0190c2a5-0000-7000-8000-000000000001';
const HOST = 'https://arcrun.example/below/a%20path';
const HANDLE = `handle=https%3A%2F%2Farcrun.example%2Fbelow%2Fa%2520path%2Ftask%2F${ID}`;

const anAction = (given: Partial<ActionToCall> = {}): ActionToCall => ({
  hash: 'h',
  verb: 'Post',
  url: 'https://receiver.example/hook',
  headers: null,
  body: null,
  maxAttempts: null,
  backoffSecs: null,
  ...given,
});

const CLAIM = { id: ID, claim: 7, attempt: 1, maxAttempts: 1 } as Claim;
const startCall = (action: Partial<ActionToCall>) => buildStartCall(CLAIM, anAction(action), HOST);

const aDelivery = (given: Partial<LeasedDelivery>): LeasedDelivery =>
  ({
    trigger: 'End',
    condition: 'Failure',
    position: 0,
    taskId: ID,
    batchId: null,
    subject: { status: 'Failure', ended_at: '2026-01-02T03:04:05Z', attempt: 2 },
    ...given,
  }) as LeasedDelivery;

// proves: webhooks/handle, webhooks/handle-last, settings/host-url-path
test.each([
  ['https://r.example', `https://r.example?${HANDLE}`],
  ['https://r.example/a%2Fb/../c', `https://r.example/a%2Fb/../c?${HANDLE}`],
  ['https://r.example/?x=1&&y=%zz', `https://r.example/?x=1&&y=%zz&${HANDLE}`],
  ['https://r.example/?x=1&', `https://r.example/?x=1&${HANDLE}`],
  ['https://r.example/?', `https://r.example/?${HANDLE}`],
  ['https://r.example/?x#part?y', `https://r.example/?x&${HANDLE}#part?y`],
  ['https://r.example/#part', `https://r.example/?${HANDLE}#part`],
  ['https://r.example/?handle=mine', `https://r.example/?handle=mine&${HANDLE}`],
])('the handle of %s', (url, expected) => {
  expect(startCall({ url }).url).toBe(expected);
  expect(buildDeliveryCall(aDelivery({}), anAction({ url }), HOST).url).toBe(expected);
});

// proves: webhooks/user-headers, webhooks/headers, webhooks/claim-header
test("the user's headers are sent, but do not replace ours", () => {
  const ours = ['Idempotency-Key', 'x-task-id', 'X-TASK-TRIGGER', 'X-Task-Claim', 'X-Task-Attempt'];
  const headers = { ...Object.fromEntries(ours.map((name) => [name, 'theirs'])), Authorization: 'Bearer ü' };
  const call = startCall({ headers: JSON.stringify({ ...headers, 'Content-Type': 'text/x' }), body: '1' });
  expect(call.headers).toEqual({
    authorization: 'Bearer ü',
    'content-type': 'text/x',
    'idempotency-key': `${ID}:start`,
    'x-task-id': ID,
    'x-task-trigger': 'start',
    'x-task-claim': '7',
    'x-task-attempt': '1',
  });
});

// proves: webhooks/start-body, webhooks/body-any-verb
test.each(['Get', 'Post', 'Put', 'Patch', 'Delete'] as const)('on_start by %s, as it was given', (verb) => {
  const body = '{"arcrun": 1,"n":12345678901234567890}';
  expect(startCall({ verb, body })).toMatchObject({
    method: verb.toUpperCase(),
    body,
    headers: { 'content-type': 'application/json' },
  });
  expect(startCall({ verb })).toMatchObject({ method: verb.toUpperCase(), body: null });
  expect(startCall({ verb }).headers).not.toHaveProperty('content-type');
});

// proves: webhooks/headers, webhooks/keys, webhooks/keys-several, webhooks/end-body
test.each([
  ['Success', 0, `${ID}:end:success`],
  ['Failure', 2, `${ID}:end:failure:2`],
] as const)('the end in %s, action %i', (condition, position, key) => {
  const call = buildDeliveryCall(aDelivery({ condition, position }), anAction(), HOST);
  expect(call.headers).toEqual({
    'content-type': 'application/json',
    'idempotency-key': key,
    'x-task-attempt': '2',
    'x-task-id': ID,
    'x-task-trigger': 'end',
  });
  expect(JSON.parse(call.body!)).toEqual({
    arcrun: { status: 'Failure', ended_at: '2026-01-02T03:04:05Z', trigger: 'end' },
  });
});

// proves: webhooks/batch-headers, webhooks/batch-body, webhooks/keys
test('batch-complete', () => {
  const subject = { status_counts: { Success: 3, Canceled: 1 }, completed_at: '2026-01-02T03:04:05Z' };
  const delivery = aDelivery({
    trigger: 'BatchComplete',
    condition: null,
    position: 1,
    taskId: null,
    batchId: ID,
    subject,
  });
  const call = buildDeliveryCall(delivery, anAction({ body: '{"a":1}' }), HOST);
  expect(call.url).toBe('https://receiver.example/hook');
  expect(call.headers).toEqual({
    'content-type': 'application/json',
    'idempotency-key': `batch:${ID}:complete:1`,
    'x-batch-id': ID,
    'x-task-trigger': 'batch_complete',
  });
  const counts = { success: 3, failure: 0, canceled: 1 };
  expect(JSON.parse(call.body!)).toEqual({
    a: 1,
    arcrun: { batch_id: ID, counts, completed_at: '2026-01-02T03:04:05Z' },
  });
});

// proves: webhooks/retry-keys
test('a further attempt has a key and a handle of its own; so has the first handle, when others may come', () => {
  const call = (attempt: number, maxAttempts: number) => {
    const { url, headers } = buildStartCall({ ...CLAIM, attempt, maxAttempts }, anAction(), HOST);
    const handle = new URL(url).searchParams.get('handle');
    return [headers['idempotency-key'], headers['x-task-attempt'], handle?.split('/task/')[1]];
  };
  expect(call(1, 1)).toEqual([`${ID}:start`, '1', ID]);
  expect(call(1, 3)).toEqual([`${ID}:start`, '1', `${ID}?attempt=1`]);
  expect(call(3, 3)).toEqual([`${ID}:start:attempt:3`, '3', `${ID}?attempt=3`]);
});
