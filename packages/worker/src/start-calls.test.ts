import { type Claim, endTasks } from '@arcrun/database';
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
const ACTION = { hash: 'hash', verb: 'Post', url: 'https://receiver.example/', headers: null, body: null };

/** Calls of a worker whose lease is lost while it looks up what to call. */
function callsThat(
  lose: (lease: { isAlive: boolean; term: number }) => void,
  breakers: object = { openedSince: () => false },
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
    logger: createLogger({ level: 'error', format: 'text', service: 'worker' }),
    urlGuard: { skipSsrfValidation: true, blockedHostnames: [], blockedHostnameSuffixes: [] },
    webhooks: { call },
    actions: {
      get: async () => {
        lose(lease);
        return new Map([[ACTION.hash, ACTION]]);
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
  await starts.begin([CLAIM], performance.now());
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
    effects: { ...effects, endedFrom: [] },
    heldUp: [],
  });
  await starts.begin([CLAIM], performance.now());
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
