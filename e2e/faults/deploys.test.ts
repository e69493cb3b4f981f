import { test } from 'vitest';
import { expectWithstood } from './run-fault.ts';

test('SIGTERM to every process in turn, under load', () =>
  expectWithstood({
    name: 'deploy: `SIGTERM` to every process in turn',
    recoveryLimitMs: 3000,
    allowances: { zombies: false, duplicates: 0 },
    async make({ stack }) {
      for (const worker of [...stack.workers]) {
        await stack.startWorker();
        await worker.stop();
      }
      for (const api of [...stack.apis]) {
        await api.stop();
        await stack.startApi({ PORT: new URL(api.url).port });
      }
    },
  }));
