import { setTimeout as delay } from 'node:timers/promises';
import { type CuttableWay, type Direction, openWay } from '@arcrun/database/testing';
import { afterEach, test } from 'vitest';
import { expectWithstood } from './run-fault.ts';

// A network that swallows packets: nobody is told that a connection is of no use any more.

const STALL_MS = 15_000;

const opened: CuttableWay[] = [];
afterEach(async () => {
  for (const way of opened.splice(0)) await way.close();
});

const WAYS: readonly (readonly [string, readonly Direction[]])[] = [
  ['both ways', ['to server', 'to client']],
  ['on the way there', ['to server']],
  ['on the way back', ['to client']],
];

test.each(WAYS)('between everybody and Redis, %s', (name, directions) =>
  withstandStall('redis', `packets to Redis are swallowed for 15 s, ${name}`, directions),
);

test.each(WAYS)('between everybody and Postgres, %s', (name, directions) =>
  withstandStall('database', `packets to Postgres are swallowed for 15 s, ${name}`, directions),
);

function withstandStall(server: 'redis' | 'database', name: string, directions: readonly Direction[]) {
  const route = async (url: string): Promise<string> => {
    const way = await openWay(url);
    opened.push(way);
    return way.url;
  };
  return expectWithstood({
    name,
    stack: { ways: { [server]: route } },
    recoveryLimitMs: 10_000,
    allowances: { zombies: true },
    async make() {
      for (const way of opened) way.stall(directions);
      await delay(STALL_MS);
      for (const way of opened) way.mend();
    },
  });
}
