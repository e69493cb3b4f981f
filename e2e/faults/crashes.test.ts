import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'vitest';
import type { RunningProcess } from '../harness/processes.ts';
import { expectWithstood } from './run-fault.ts';

const PERIOD_MS = 2000;
/** `WORKER_LEASE_SECS`, and a sweep's period, and some more. */
const LEASE_OVER_MS = 9000;

const isAlive = ({ child }: RunningProcess): boolean => child.exitCode === null && child.signalCode === null;

test('kill -9 of one of three workers, every 2 s', () =>
  expectWithstood({
    name: '`kill -9` of one of three workers, every 2 s',
    recoveryLimitMs: 10_000,
    async make({ stack }) {
      for (let kill = 0; kill < 4; kill++) {
        await stack.workers.find(isAlive)!.kill();
        await stack.startWorker();
        await delay(PERIOD_MS);
      }
    },
  }));

test('a worker that is frozen for longer than its lease, and comes back', () =>
  expectWithstood({
    name: 'a worker is frozen (`SIGSTOP`) for longer than its lease, then goes on',
    recoveryLimitMs: 10_000,
    allowances: { zombies: true },
    async make({ stack }) {
      const [victim] = stack.workers;
      victim!.child.kill('SIGSTOP');
      await delay(LEASE_OVER_MS);
      victim!.child.kill('SIGCONT');
    },
  }));

test('kill -9 of the API processes, one after the other', () =>
  expectWithstood({
    name: '`kill -9` of an API process, one of two',
    recoveryLimitMs: 5000,
    async make({ stack }) {
      for (const api of [...stack.apis]) {
        await api.kill();
        await delay(PERIOD_MS);
        await stack.startApi({ PORT: new URL(api.url).port });
      }
    },
  }));
