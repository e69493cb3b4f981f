import type { Database } from '@arcrun/database';
import { closeBreaker, openBreaker, putOffProbe } from '@arcrun/database';
import { createLogger, createMetrics, type Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { beforeEach, expect, test, vi } from 'vitest';
import { OriginBreakers } from './origin-breakers.ts';

vi.mock('@arcrun/database', () => ({
  openBreaker: vi.fn<typeof openBreaker>(async () => true),
  closeBreaker: vi.fn<typeof closeBreaker>(async () => true),
  putOffProbe: vi.fn<typeof putOffProbe>(async () => []),
}));

const ORIGIN = 'https://receiver.example';

let breakers: OriginBreakers;
let metrics: Metrics;
beforeEach(() => {
  vi.clearAllMocks();
  metrics = createMetrics();
  breakers = new OriginBreakers({
    failureThreshold: 3,
    recoverySecs: 30,
    maxAgeSecs: 600,
    database: {} as Database,
    doorbell: { ring: () => undefined, ringLater: () => undefined } as unknown as Doorbell,
    metrics,
    logger: createLogger({ level: 'error', format: 'text', service: 'worker' }),
  });
});

const miss = async (times: number, origin = ORIGIN) => {
  for (let n = 0; n < times; n++)
    await breakers.unanswered(origin, { isProbe: false, beganMs: performance.now() });
};

// proves: webhooks/origin-opens
test('so many calls in a row without an answer open it, for that origin alone', async () => {
  await miss(2);
  await miss(2, 'https://other.example');
  expect(openBreaker).not.toHaveBeenCalled();
  await miss(1);
  expect(vi.mocked(openBreaker).mock.calls.map(([, origin]) => origin)).toEqual([ORIGIN]);
});

// proves: webhooks/origin-opens, webhooks/origin-closes
test('an answer in between begins the count anew', async () => {
  for (let n = 0; n < 5; n++) {
    await miss(2);
    await breakers.answered(ORIGIN, false);
  }
  expect(openBreaker).not.toHaveBeenCalled();
});

// proves: webhooks/origin-closes
test('the first answer closes it, be it that of a probe', async () => {
  await miss(3);
  await breakers.answered(ORIGIN, false);
  expect(closeBreaker).toHaveBeenCalledTimes(1);
  await breakers.answered('https://opened-elsewhere.example', true);
  expect(closeBreaker).toHaveBeenCalledTimes(2);
});

// proves: webhooks/origin-opens
test('calls that began before it opened do not open it again; later ones do, whoever closed it', async () => {
  const before = { isProbe: false, beganMs: performance.now() };
  await miss(3);
  await breakers.unanswered(ORIGIN, before);
  expect(openBreaker).toHaveBeenCalledTimes(1);
  // Another worker had an answer.
  await miss(1);
  expect(openBreaker).toHaveBeenCalledTimes(2);
});

test('a probe that was not made puts the next one off, and is no call without an answer', async () => {
  for (let n = 0; n < 3; n++) await breakers.notProbed(ORIGIN);
  expect(putOffProbe).toHaveBeenCalledTimes(3);
  await miss(2);
  expect(openBreaker).not.toHaveBeenCalled();
});

// proves: webhooks/origin-probe-back
test('a probe without an answer puts the next one off', async () => {
  await breakers.unanswered(ORIGIN, { isProbe: true, beganMs: performance.now() });
  expect(putOffProbe).toHaveBeenCalledTimes(1);
  expect(openBreaker).not.toHaveBeenCalled();
});

test('what was given up with it is counted', async () => {
  vi.mocked(putOffProbe).mockResolvedValueOnce([
    { trigger: 'End', exhausted: 2 },
    { trigger: 'BatchComplete', exhausted: 1 },
  ]);
  await breakers.unanswered(ORIGIN, { isProbe: true, beganMs: performance.now() });
  const { values } = await metrics.webhookDeliveryExhausted.get();
  expect(values).toMatchObject([{ value: 3 }]);
  expect((await metrics.webhookExecutions.get()).values).toMatchObject([
    { labels: { trigger: 'end', outcome: 'failure' }, value: 2 },
    { labels: { trigger: 'batch_complete', outcome: 'failure' }, value: 1 },
  ]);
});

test('what cannot be written is not the failure of a call, and the next one makes up for it', async () => {
  vi.mocked(openBreaker).mockRejectedValueOnce(new Error('gone'));
  await miss(3);
  await miss(1);
  expect(openBreaker).toHaveBeenCalledTimes(2);
  vi.mocked(putOffProbe).mockRejectedValueOnce(new Error('gone'));
  await breakers.unanswered(ORIGIN, { isProbe: true, beganMs: performance.now() });
  vi.mocked(closeBreaker).mockRejectedValueOnce(new Error('gone'));
  await breakers.answered(ORIGIN, true);
});
