import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { test } from 'vitest';
import { expectWithstood } from './run-fault.ts';

const SHIFTED_CLOCK = pathToFileURL(resolve(import.meta.dirname, 'system/shifted-clock.mjs')).href;
const FIVE_MINUTES_MS = 300_000;

test.each([
  ['ahead', FIVE_MINUTES_MS],
  ['behind', -FIVE_MINUTES_MS],
])('the clocks of a worker and an API process, 5 minutes %s', (name, shiftMs) =>
  expectWithstood({
    name: `the clocks of one worker and one API process are 5 minutes ${name}`,
    stack: { apis: 1, workers: 2 },
    recoveryLimitMs: 3000,
    allowances: { zombies: false, duplicates: 0 },
    async make({ stack }) {
      const wrong = { NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`, CLOCK_SHIFT_MS: String(shiftMs) };
      const [first] = stack.workers;
      await stack.startWorker(wrong);
      await stack.startApi(wrong);
      await first!.stop();
      await delay(8000);
    },
  }),
);
