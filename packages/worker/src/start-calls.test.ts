import {
  type ActionToCall,
  checkClaim,
  type Claim,
  endTasks,
  handBackClaims,
  recordStartFailure,
  startTasks,
} from '@arcrun/database';
import { createLogger, createMetrics } from '@arcrun/observability';
import { expect, test, vi } from 'vitest';
import { StartCalls, type StartCallsOptions } from './start-calls.ts';

vi.mock('@arcrun/database', { spy: true });

const CLAIM: Claim = {
  id: '0190c2a5-0000-7000-8000-000000000001',
  batchId: '0190c2a5-0000-7000-8000-000000000002',
  claim: 1,
  kind: 'k',
  onStart: 'hash',
  origin: 'https://receiver.example',
  isProbe: false,
  attempt: 1,
  maxAttempts: 1,
};
const ACTION: ActionToCall = {
  ...{ hash: 'hash', verb: 'Post', url: 'https://receiver.example/', headers: null, body: null },
  ...{ maxAttempts: null, backoffSecs: null },
};

const aRound = () => ({ beganMs: performance.now(), term: 1 });

/** Calls of a worker whose lease is lost while it looks up what to call. */
function callsThat(
  lose: (lease: { isAlive: boolean; term: number }) => void,
  breakers: object = { openedSince: () => false },
  action = ACTION,
) {
  const lease = { isAlive: true, term: 1 };
  const call = vi.fn<StartCallsOptions['webhooks']['call']>();
  const metrics = createMetrics();
  const starts = new StartCalls({
    lease,
    metrics,
    concurrency: 10,
    hostUrl: 'https://arcrun.example',
    breakers,
    database: {},
    doorbell: { ring: () => undefined, changed: () => undefined, ringForEffects: () => undefined },
    retryPolicy: { backoffBaseSecs: 2, backoffCapSecs: 300 },
    logger: createLogger({ level: 'error', format: 'text', service: 'worker' }),
    urlGuard: { skipSsrfValidation: true, blockedHostnames: [], blockedHostnameSuffixes: [] },
    webhooks: { call },
    actions: {
      get: async () => {
        lose(lease);
        return new Map([[action.hash, action]]);
      },
    },
    onRoom: () => undefined,
    onOriginRoom: () => undefined,
  } as unknown as StartCallsOptions);
  return { starts, call, metrics };
}

// proves: webhooks/start-fenced, metrics/webhook-idempotent-skips-total
test.each<[string, Parameters<typeof callsThat>[0]]>([
  ['has run out', (lease) => (lease.isAlive = false)],
  ['was lost and is there again', (lease) => lease.term++],
])('no call is begun once the lease %s', async (_how, lose) => {
  const { starts, call, metrics } = callsThat(lose);
  await starts.begin([CLAIM], aRound());
  await starts.calls.drained();
  expect(call).not.toHaveBeenCalled();
  expect(await metrics.registry.metrics()).toMatch(/^webhook_idempotent_skips_total\{trigger="start"\} 1$/m);
});

// proves: webhooks/origin-closes, webhooks/start-other
test.each([
  ['a 500', { answered: true, status: 500, body: '', retryAfter: undefined }, 'answered'],
  ['no answer', { answered: false, error: 'reset', isBlocked: false }, 'unanswered'],
  ['a blocked address', { answered: false, error: 'blocked', isBlocked: true }, null],
] as const)('%s fails the task, and speaks of its origin: %s', async (_what, answer, told) => {
  const breakers = {
    openedSince: () => false,
    answered: vi.fn<() => Promise<void>>(async () => undefined),
    unanswered: vi.fn<() => Promise<void>>(async () => undefined),
  };
  const { starts, call } = callsThat(() => undefined, breakers);
  call.mockResolvedValue(answer);
  const effects = {
    released: 0,
    freed: false,
    failed: 0,
    canceled: 0,
    notified: 0,
    completed: 0,
    unfinished: 0,
  };
  vi.mocked(endTasks).mockResolvedValue({
    results: [{ outcome: 'applied', was: 'Claimed', status: 'Failure', kind: 'k', seconds: null }],
    effects: { ...effects, nextAttemptsSecs: [], endedFrom: [] },
    heldUp: [],
  });
  await starts.begin([CLAIM], aRound());
  await starts.calls.drained();
  expect(call).toHaveBeenCalledTimes(1);
  expect(vi.mocked(endTasks).mock.lastCall![2]).toMatchObject([
    {
      id: CLAIM.id,
      claim: 1,
      status: 'Failure',
      reason: expect.stringMatching(/^on_start webhook failed: /),
    },
  ]);
  for (const name of ['answered', 'unanswered'] as const)
    expect(breakers[name]).toHaveBeenCalledTimes(name === told ? 1 : 0);
});

const FAILED = { answered: true, status: 503, body: '', retryAfter: undefined } as const;
const quiet = {
  openedSince: () => false,
  answered: async () => undefined,
  unanswered: async () => undefined,
};
const patient = { ...ACTION, maxAttempts: 3, backoffSecs: 0 };

/** A worker whose receiver gives these answers one after another. */
function callsAnswered(
  answers: readonly Awaited<ReturnType<StartCallsOptions['webhooks']['call']>>[],
  given: { action?: ActionToCall; state?: Awaited<ReturnType<typeof checkClaim>> } = {},
) {
  const { action = patient, state = 'stands' } = given;
  vi.mocked(recordStartFailure).mockReset().mockResolvedValue(true);
  vi.mocked(checkClaim).mockReset().mockResolvedValue(state);
  vi.mocked(startTasks)
    .mockReset()
    .mockResolvedValue({
      results: [{ outcome: 'started', kind: 'k', waitSeconds: 0 }],
      notified: 0,
      freed: false,
    });
  vi.mocked(endTasks).mockClear();
  const made = callsThat(() => undefined, quiet, action);
  for (const answer of answers) made.call.mockResolvedValueOnce(answer);
  return made;
}

// proves: webhooks/start-retried
test.each([
  ['a 429', { ...FAILED, status: 429 }],
  ['a 500', { ...FAILED, status: 500 }],
  ['no answer', { answered: false, error: 'reset', isBlocked: false }],
] as const)('%s is called again within the attempt, with the same key', async (_what, failure) => {
  const { starts, call } = callsAnswered([failure, failure, { ...FAILED, status: 200 }]);
  await starts.begin([CLAIM], aRound());
  await starts.calls.drained();
  expect(call).toHaveBeenCalledTimes(3);
  expect(new Set(call.mock.calls.map(([made]) => JSON.stringify(made))).size).toBe(1);
  expect(recordStartFailure).toHaveBeenCalledTimes(2);
  expect(startTasks).toHaveBeenCalledTimes(1);
  expect(endTasks).not.toHaveBeenCalled();
});

// proves: webhooks/start-retried
test('after the last call the attempt has failed', async () => {
  const { starts, call } = callsAnswered([FAILED, FAILED, FAILED]);
  await starts.begin([CLAIM], aRound());
  await starts.calls.drained();
  expect(call).toHaveBeenCalledTimes(3);
  expect(endTasks).toHaveBeenCalledTimes(1);
});

// proves: webhooks/start-retried
test.each([
  ['a 404', { ...FAILED, status: 404 }],
  ['a 302', { ...FAILED, status: 302 }],
  ['a blocked address', { answered: false, error: 'blocked', isBlocked: true }],
] as const)('%s is final', async (_what, failure) => {
  const { starts, call } = callsAnswered([failure]);
  await starts.begin([CLAIM], aRound());
  await starts.calls.drained();
  expect(call).toHaveBeenCalledTimes(1);
  expect(endTasks).toHaveBeenCalledTimes(1);
});

// proves: webhooks/origin-open-tasks
test('while the breaker of its receiver is open it is not called again, but given back', async () => {
  vi.mocked(handBackClaims).mockReset().mockResolvedValue({ returned: 1, notified: 0 });
  const { starts, call, metrics } = callsAnswered([FAILED], { state: 'breaker open' });
  await starts.begin([CLAIM], aRound());
  await starts.calls.drained();
  expect(call).toHaveBeenCalledTimes(1);
  expect(handBackClaims).toHaveBeenCalledTimes(1);
  expect(endTasks).not.toHaveBeenCalled();
  expect(await metrics.registry.metrics()).toMatch(/^claims_handed_back_total\{reason="breaker"\} 1$/m);
});

test('a call that waits for its next try leaves its place to others', async () => {
  const { starts } = callsAnswered([FAILED], { action: { ...patient, backoffSecs: 3600 } });
  await starts.begin([CLAIM], aRound());
  await vi.waitUntil(() => vi.mocked(recordStartFailure).mock.calls.length > 0, 20_000);
  expect([starts.calls.room, starts.calls.ids]).toEqual([10, [CLAIM.id]]);
  vi.mocked(handBackClaims).mockReset().mockResolvedValue({ returned: 1, notified: 0 });
  starts.stop();
  await starts.calls.drained();
});

// proves: webhooks/start-before-rest
test('what ends while it waits is found out within a second or so, since its notifications wait for that', async () => {
  const { starts, call } = callsAnswered([FAILED], { action: { ...patient, backoffSecs: 3600 } });
  await starts.begin([CLAIM], aRound());
  await vi.waitUntil(() => vi.mocked(recordStartFailure).mock.calls.length > 0, 20_000);
  vi.mocked(checkClaim).mockResolvedValue('over');
  await starts.calls.drained();
  expect(call).toHaveBeenCalledTimes(1);
  expect(endTasks).toHaveBeenCalledTimes(1);
});

test('what ended meanwhile is not called again', async () => {
  const { starts, call } = callsAnswered([FAILED], { state: 'over' });
  await starts.begin([CLAIM], aRound());
  await starts.calls.drained();
  expect(call).toHaveBeenCalledTimes(1);
});

test('a worker that stops waits for no further call, and gives the task back', async () => {
  vi.mocked(handBackClaims).mockReset().mockResolvedValue({ returned: 1, notified: 0 });
  const { starts, call, metrics } = callsAnswered([FAILED], { action: { ...patient, backoffSecs: 3600 } });
  await starts.begin([CLAIM], aRound());
  await vi.waitUntil(() => vi.mocked(recordStartFailure).mock.calls.length > 0, 20_000);
  starts.stop();
  await starts.calls.drained();
  expect(call).toHaveBeenCalledTimes(1);
  expect(handBackClaims).toHaveBeenCalledTimes(1);
  expect(endTasks).not.toHaveBeenCalled();
  expect(await metrics.registry.metrics()).toMatch(/^claims_handed_back_total\{reason="stop"\} 1$/m);
});

test('an address that may not be called fails the task for good, another failure for this attempt', async () => {
  for (const [failure, retryable] of [
    [{ answered: false, error: 'blocked', isBlocked: true }, false],
    [{ ...FAILED, status: 404 }, true],
  ] as const) {
    const { starts } = callsAnswered([failure]);
    await starts.begin([CLAIM], aRound());
    await starts.calls.drained();
    expect(vi.mocked(endTasks).mock.lastCall![2]).toMatchObject([{ id: CLAIM.id, retryable }]);
  }
});
