import { setTimeout as delay } from 'node:timers/promises';
import type { CuttableWay } from '@arcrun/database/testing';
import {
  cutConnections,
  flushRedis,
  freezeWorker,
  isAlive,
  killApi,
  killWorker,
  replaceWorker,
  restartApi,
} from '../faults/system/make-faults.ts';
import type { RunningProcess } from '../harness/processes.ts';
import type { Stack } from '../harness/stack.ts';

const PAUSE_MS = 1000;
const STALL_MS = 8000;

export interface SoakContext {
  readonly stack: Stack;
  readonly ways: { readonly database: readonly CuttableWay[]; readonly redis: readonly CuttableWay[] };
  /** Whether a process has to live to the end, so that it can be seen whether it grows. */
  readonly isVeteran: (process: RunningProcess) => boolean;
}

/** One a minute, in turn. */
export const SOAK_FAULTS: readonly (readonly [string, (context: SoakContext) => Promise<void>])[] = [
  ['a worker is killed', (context) => killWorker(context.stack, victimOf(context, 'workers'))],
  ['Redis is flushed', ({ stack }) => flushRedis(stack)],
  ['an API process is killed', (context) => killApi(context.stack, victimOf(context, 'apis'), PAUSE_MS)],
  ['all connections to Postgres are cut', ({ stack }) => cutConnections(stack)],
  ['packets to Redis are swallowed', ({ ways }) => stall(ways.redis)],
  ['a worker is frozen', (context) => freezeWorker(victimOf(context, 'workers'))],
  ['packets to Postgres are swallowed', ({ ways }) => stall(ways.database)],
  ['Redis is killed and restarted empty', restartRedis],
  [
    'a deploy',
    async (context) => {
      await replaceWorker(context.stack, victimOf(context, 'workers'));
      await restartApi(context.stack, victimOf(context, 'apis'));
    },
  ],
];

const victimOf = ({ stack, isVeteran }: SoakContext, kind: 'apis' | 'workers'): RunningProcess =>
  stack[kind].find((process) => isAlive(process) && !isVeteran(process))!;

async function restartRedis({ stack }: SoakContext): Promise<void> {
  await stack.killRedis();
  await delay(PAUSE_MS);
  await stack.restartRedis();
}

async function stall(ways: readonly CuttableWay[]): Promise<void> {
  for (const way of ways) way.stall(['to server', 'to client']);
  await delay(STALL_MS);
  for (const way of ways) way.mend();
}
