import { setTimeout as delay } from 'node:timers/promises';
import { type Database, deleteWorkerLease, renewWorkerLease } from '@arcrun/database';
import { createLogger } from '@arcrun/observability';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { WorkerLease } from './worker-lease.ts';

vi.mock('@arcrun/database', () => ({
  renewWorkerLease: vi.fn<typeof renewWorkerLease>(),
  deleteWorkerLease: vi.fn<typeof deleteWorkerLease>(),
}));

const renew = vi.mocked(renewWorkerLease);
const renewed = { wasAlive: true, nowMs: 1_700_000_000_000 };
beforeEach(() => {
  vi.resetAllMocks();
  renew.mockResolvedValue(renewed);
});

async function aLease(leaseSecs: number) {
  const onAlive = vi.fn<() => void>();
  const lease = new WorkerLease({
    worker: { id: 'w', host: 'h', pid: 1 },
    leaseSecs,
    database: {} as Database,
    logger: createLogger({ level: 'error', format: 'text', service: 'worker' }),
    load: () => ({ isFull: false, fullOrigins: [] }),
    onAlive,
  });
  await lease.start();
  onTestFinished(() => lease.stop());
  return { lease, onAlive };
}

// proves: lifecycle/hand-back-lease, webhooks/start-fenced
test('when it could not be renewed in time, what was claimed before is of another term', async () => {
  const { lease, onAlive } = await aLease(1);
  expect([lease.isAlive, lease.term]).toEqual([true, 1]);
  renew.mockRejectedValue(new Error('gone'));
  await vi.waitUntil(() => !lease.isAlive, 20_000);
  expect(lease.term).toBe(1);
  renew.mockResolvedValue(renewed);
  await vi.waitUntil(() => lease.isAlive, 20_000);
  expect([lease.term, onAlive.mock.calls.length]).toEqual([2, 2]);
});

// proves: lifecycle/hand-back-lease
test.each([
  [60, 1990, 2500],
  [1.5, 490, 1000],
])('a lease of %d s is renewed in time, every 2 s at the least', async (leaseSecs, fromMs, toMs) => {
  const beganMs = performance.now();
  const { lease } = await aLease(leaseSecs);
  await vi.waitUntil(() => renew.mock.calls.length === 2, { timeout: 20_000, interval: 5 });
  const tookMs = performance.now() - beganMs;
  expect(tookMs).toBeGreaterThan(fromMs);
  // On a crowded machine a timer says little by being late.
  if (tookMs > toMs) return;
  expect([lease.isAlive, lease.term]).toEqual([true, 1]);
});

// proves: webhooks/start-fenced
test('a renewal that is slower than what is left of the lease begins a new term', async () => {
  const { lease, onAlive } = await aLease(3);
  renew.mockImplementationOnce(() => delay(2300, renewed));
  await vi.waitUntil(() => !lease.isAlive, 20_000);
  expect([renew.mock.calls.length, lease.term]).toEqual([2, 1]);
  await vi.waitUntil(() => lease.isAlive, 20_000);
  expect([lease.term, onAlive.mock.calls.length]).toEqual([2, 2]);
});

// proves: webhooks/start-fenced
test('a lease that had run out for the database begins a new term', async () => {
  const { lease, onAlive } = await aLease(60);
  renew.mockResolvedValueOnce({ ...renewed, wasAlive: false });
  await vi.waitUntil(() => lease.term === 2, 20_000);
  expect(onAlive).toHaveBeenCalledTimes(2);
});

// proves: webhooks/start-fenced
test('it counts from before the renewal was sent, not from its answer', async () => {
  renew.mockImplementation(() => delay(600, renewed));
  const { lease } = await aLease(0.5);
  expect(lease.isAlive).toBe(false);
});

test('without the database there is none, and it is asked for again', async () => {
  renew.mockRejectedValueOnce(new Error('gone'));
  const { lease, onAlive } = await aLease(60);
  expect([lease.isAlive, onAlive.mock.calls.length]).toEqual([false, 0]);
  await vi.waitUntil(() => lease.isAlive, 20_000);
});

// proves: webhooks/signed-time
test('it knows the time of the database, whatever this machine says', async () => {
  const { lease } = await aLease(60);
  const first = lease.databaseTimeMs();
  expect(first - renewed.nowMs).toBeGreaterThanOrEqual(0);
  expect(first - renewed.nowMs).toBeLessThan(5000);
  await delay(20);
  expect(lease.databaseTimeMs() - first).toBeGreaterThanOrEqual(19);
});

test('it is given up when the worker stops', async () => {
  const { lease } = await aLease(60);
  await lease.stop();
  expect(lease.isAlive).toBe(false);
  expect(deleteWorkerLease).toHaveBeenCalledWith(undefined, 'w');
});
