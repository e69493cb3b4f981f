import { test } from 'vitest';
import { expectWithstood } from '../faults/run-fault.ts';
import { cutConnections, flushRedis, killApi, killWorker } from '../faults/system/make-faults.ts';

// A short selection of what `npm run test:faults` does at length, one fault after the other.

test('a worker and an API process are killed, Redis is flushed, connections to Postgres are cut', () =>
  expectWithstood({
    name: 'several faults, one after the other',
    recoveryLimitMs: 15_000,
    async make({ stack }) {
      await killWorker(stack, stack.workers[0]!);
      await flushRedis(stack);
      await killApi(stack, stack.apis[1]!, 500);
      await cutConnections(stack);
    },
  }));
