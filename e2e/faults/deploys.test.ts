import { test } from 'vitest';
import { expectWithstood } from './run-fault.ts';
import { replaceWorker, restartApi } from './system/make-faults.ts';

test('SIGTERM to every process in turn, under load', () =>
  expectWithstood({
    name: 'deploy: `SIGTERM` to every process in turn',
    recoveryLimitMs: 3000,
    allowances: { zombies: false, duplicates: 0 },
    async make({ stack }) {
      for (const worker of [...stack.workers]) await replaceWorker(stack, worker);
      for (const api of [...stack.apis]) await restartApi(stack, api);
    },
  }));
