import type { Claim } from '@arcrun/database';
import { createMetrics } from '@arcrun/observability';
import { expect, test, vi } from 'vitest';
import { StartCalls, type StartCallsOptions } from './start-calls.ts';

const CLAIM: Claim = {
  id: '0190c2a5-0000-7000-8000-000000000001',
  batchId: '0190c2a5-0000-7000-8000-000000000002',
  claim: 1,
  kind: 'k',
  onStart: 'hash',
  origin: 'https://receiver.example',
  isProbe: false,
};
const ACTION = { hash: 'hash', verb: 'Post', url: 'https://receiver.example/', headers: null, body: null };

/** Calls of a worker whose lease is lost while it looks up what to call. */
function callsThat(lose: (lease: { isAlive: boolean; term: number }) => void) {
  const lease = { isAlive: true, term: 1 };
  const call = vi.fn<StartCallsOptions['webhooks']['call']>();
  const metrics = createMetrics();
  const starts = new StartCalls({
    lease,
    metrics,
    concurrency: 10,
    hostUrl: 'https://arcrun.example',
    breakers: { openedSince: () => false },
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
