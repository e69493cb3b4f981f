import { type Json, type Matcher, type NewTask, type Rule, task, webhook } from '@arcrun/client';
import { anAction, claimUpTo, submit, until } from '@arcrun/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

const RUNS = ['Running'];
const ENDED = ['Success', 'Failure', 'Canceled'];

let stack: Stack;
const url = (path: string) => `${stack.receiver.url}${path}`;
const aTask = (id: string, rest: Partial<NewTask> = {}): NewTask =>
  task({ id, name: id, kind: 'calls', on_start: webhook(url('/start')), ...rest });

async function create(rest: Partial<NewTask> = {}): Promise<string> {
  const { tasks } = await stack.client.createBatch([aTask('a', rest)]);
  return tasks[0]!.id;
}
const untilOneOf = (id: string, statuses: readonly string[]) =>
  until(`it is ${statuses.join(' or ')}`, async () =>
    statuses.includes((await stack.client.getTask(id)).status),
  );

describe('a receiver', () => {
  beforeAll(async () => {
    const settings = {
      WEBHOOK_RETRY_BACKOFF_BASE_SECS: '0',
      WORKER_CLAIM_TIMEOUT_SECS: '1',
      LOG_LEVEL: 'debug',
    };
    stack = await startStack({ apis: 1, workers: 1, settings });
  });
  afterAll(() => stack.close());

  // proves: webhooks/cancel-action-invalid
  test.each<[string, unknown]>([
    ['no action', { ok: true }],
    ['an action without a verb', { kind: 'Webhook', params: { url: 'http://127.0.0.1:9/' } }],
    [
      'an action with a header that HTTP cannot carry',
      webhook('http://127.0.0.1:9/', { headers: { 'a b': 'c' } }),
    ],
    ['a text', 'done'],
    ['a list', [webhook('http://127.0.0.1:9/')]],
  ])('may answer on_start with %s: the task runs, without a cancel action', async (_what, body) => {
    stack.receiver.behave(() => ({ status: 201, body }));
    const id = await create();
    await untilOneOf(id, RUNS);
    expect((await stack.client.getTask(id)).actions.map(({ trigger }) => trigger)).toEqual(['Start']);
    await stack.client.cancelTask(id);
    await stack.client.getTask(id);
    expect(stack.receiver.callsOf(id, 'cancel')).toEqual([]);
  });

  // proves: webhooks/retry-after
  test('may ask to wait before it is told again', async () => {
    const atMs: number[] = [];
    stack.receiver.behave((call) => {
      if (call.trigger === 'start') void call.handle.success();
      if (call.trigger !== 'end') return;
      atMs.push(performance.now());
      return atMs.length === 1 ? { status: 429, headers: { 'retry-after': '1' } } : undefined;
    });
    await create({ on_success: [webhook(url('/done'))] });
    await until('it is told again', async () => atMs.length === 2);
    expect(atMs[1]! - atMs[0]!).toBeGreaterThan(950);
  });

  // proves: webhooks/keys-several, webhooks/body-none, webhooks/body-object, webhooks/body-other, webhooks/end-body
  test('is told by each action of a trigger, under a key of its own', async () => {
    stack.receiver.behave((call) => {
      if (call.trigger === 'start') void call.handle.success();
    });
    const bodies: (Json | undefined)[] = [undefined, { n: 1, arcrun: 'mine' }, [1, 2]];
    const id = await create({
      on_success: bodies.map((body) => webhook(url('/done'), body === undefined ? {} : { body })),
    });
    await until('all are told', async () => stack.receiver.callsOf(id, 'end').length === 3);
    const received = new Map(
      stack.receiver
        .callsOf(id, 'end')
        .map(({ headers, body }) => [headers['idempotency-key'], JSON.parse(body) as Json]),
    );
    const { ended_at } = await stack.client.getTask(id);
    const arcrun = { status: 'Success', ended_at, trigger: 'end' };
    expect(received).toEqual(
      new Map<string, Json>([
        [`${id}:end:success`, { arcrun }],
        [`${id}:end:success:1`, { n: 1, arcrun }],
        [`${id}:end:success:2`, { arcrun, body: [1, 2] }],
      ]),
    );
  });

  // proves: settings/secrets-not-logged, settings/secrets-returned, webhooks/user-headers
  test('gets headers that no process prints, whatever goes wrong', async () => {
    const secret = 'Bearer a-secret-of-the-receiver';
    const headers = { Authorization: secret };
    stack.receiver.behave(() => 'reset');
    const id = await create({
      on_start: webhook(url('/start'), { headers }),
      on_failure: [webhook(url('/failed'), { headers })],
    });
    await untilOneOf(id, ENDED);
    await until('it was tried', async () => stack.receiver.callsOf(id, 'end').length > 0);
    for (const call of stack.receiver.callsOf(id)) expect(call.headers.authorization).toBe(secret);
    const shown = await stack.client.getTask(id);
    expect(shown.actions[0]!.params.headers).toEqual(headers);
    expect(JSON.stringify([shown.failure_reason, await stack.client.listDeliveries()])).not.toContain(secret);
    for (const { output } of [...stack.apis, ...stack.workers]) expect(output()).not.toContain('a-secret-of');
  });

  // proves: http/patch-at-once, rules/capacity-progress, rules/freed-at-once
  test('is called at once when what holds its task back is changed', async () => {
    stack.receiver.behave(() => undefined);
    const matcher = (fields: string[]): Matcher => ({ status: 'Running', kind: 'calls', fields });
    const lacking = await create({
      rules: [{ type: 'Concurency', max_concurency: 99, matcher: matcher(['t']) }],
    });
    const capacity: Rule[] = [{ type: 'Capacity', max_capacity: 5, matcher: matcher([]) }];
    const filling = await create({ expected_count: 1000 });
    await untilOneOf(filling, RUNS);
    const full = await create({ expected_count: 1, rules: capacity });
    for (const id of [lacking, full]) expect((await stack.client.getTask(id)).status).toBe('Pending');
    await stack.client.updateTask(lacking, { metadata: { t: 1 } });
    await untilOneOf(lacking, RUNS);
    await stack.client.addProgress(filling, { success: 999 });
    await untilOneOf(full, RUNS);
  });

  // proves: lifecycle/hand-back-old-claim
  test('is called for a task that its worker has claimed without knowing it', async () => {
    const { rows } = await stack.database.pool.query<{ id: string }>('select id from worker');
    // Nobody rings for it, so the worker does not come first.
    const { ids } = await submit(stack.database.db, {
      a: { onStart: { ...anAction('start'), url: url('/start'), key: JSON.stringify(url('/start')) } },
    });
    expect(await claimUpTo(stack.database.db, rows[0]!.id, 1)).toMatchObject([{ id: ids.a, claim: 1 }]);
    await untilOneOf(ids.a, RUNS);
    expect(stack.receiver.callsOf(ids.a, 'start').map(({ claim }) => claim)).toEqual([2]);
  });
});

describe('an address that is not public', () => {
  beforeAll(async () => {
    // The name is allowed, so only what it leads to can be refused.
    const lists = { BLOCKED_HOSTNAMES: 'nothing.example', BLOCKED_HOSTNAME_SUFFIXES: '.nothing.example' };
    const settings = { SKIP_SSRF_VALIDATION: '0', WEBHOOK_RETRY_BACKOFF_BASE_SECS: '0', ...lists };
    stack = await startStack({ apis: 1, workers: 1, settings, hasFaults: true });
  });
  afterAll(() => stack.close());

  const ledgerOf = async (id: string) =>
    (await stack.client.listDeliveries()).filter((row) => row.task_id === id);

  // proves: webhooks/ssrf-at-connect, webhooks/ssrf-at-creation
  test('is found out when a call is made, of a name that leads there; it is called once', async () => {
    const named = (path: string) => webhook(url(path).replace('127.0.0.1', 'localhost'));
    const id = await create({ on_start: named('/start'), on_failure: [named('/failed')] });
    await untilOneOf(id, ENDED);
    expect((await stack.client.getTask(id)).failure_reason).toMatch(
      /^on_start webhook failed: .*blocked address/,
    );
    await until('it is given up', async () => (await ledgerOf(id))[0]?.status === 'Exhausted');
    expect(await ledgerOf(id)).toMatchObject([
      { attempts: 1, last_error: expect.stringContaining('blocked address') },
    ]);
    await expect(create()).rejects.toMatchObject({ status: 400 });
    expect(stack.receiver.calls).toEqual([]);
  });

  // proves: webhooks/ssrf-stored
  test('is refused when it was stored at a time when it was allowed', async () => {
    const stored = (path: string) => ({ ...anAction(path), url: url(path), key: JSON.stringify(url(path)) });
    const { ids } = await submit(stack.database.db, {
      a: { onStart: stored('/start'), onFailure: [stored('/failed')] },
    });
    await untilOneOf(ids.a, ENDED);
    expect((await stack.client.getTask(ids.a)).failure_reason).toMatch(
      /^on_start webhook failed: .*not a public/,
    );
    await until('it is given up', async () => (await ledgerOf(ids.a))[0]?.status === 'Exhausted');
    expect(stack.receiver.calls).toEqual([]);
  });
});
