import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'vitest';
import { expectWithstood } from './run-fault.ts';
import { freezeWorker, isAlive, killApi, killWorker } from './system/make-faults.ts';

const PERIOD_MS = 2000;

test('kill -9 of one of three workers, every 2 s', () =>
  expectWithstood({
    name: '`kill -9` of one of three workers, every 2 s',
    recoveryLimitMs: 10_000,
    async make({ stack }) {
      for (let kill = 0; kill < 4; kill++) {
        await killWorker(stack, stack.workers.find(isAlive)!);
        await delay(PERIOD_MS);
      }
    },
  }));

test('a worker that is frozen for longer than its lease, and comes back', () =>
  expectWithstood({
    name: 'a worker is frozen (`SIGSTOP`) for longer than its lease, then goes on',
    recoveryLimitMs: 10_000,
    allowances: { zombies: true },
    make: ({ stack }) => freezeWorker(stack.workers[0]!),
  }));

test('kill -9 of the API processes, one after the other', () =>
  expectWithstood({
    name: '`kill -9` of an API process, one of two',
    recoveryLimitMs: 5000,
    async make({ stack }) {
      for (const api of [...stack.apis]) await killApi(stack, api, PERIOD_MS);
    },
  }));
