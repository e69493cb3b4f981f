import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RunningProcess } from '../../harness/processes.ts';
import type { Stack } from '../../harness/stack.ts';

/** `WORKER_LEASE_SECS`, and a sweep's period, and some more. */
const LEASE_OVER_MS = 9000;

export const isAlive = ({ child }: RunningProcess): boolean =>
  child.exitCode === null && child.signalCode === null;

/** `kill -9`, and another one takes its place. */
export async function killWorker(stack: Stack, victim: RunningProcess): Promise<void> {
  await victim.kill();
  await stack.startWorker();
}

/** `kill -9`, and it is started again at the same address after a pause. */
export async function killApi(stack: Stack, victim: RunningProcess, pauseMs: number): Promise<void> {
  await victim.kill();
  await delay(pauseMs);
  await stack.startApi({ PORT: new URL(victim.url).port });
}

/** `SIGSTOP` for longer than its lease, then `SIGCONT`. */
export async function freezeWorker(victim: RunningProcess): Promise<void> {
  victim.child.kill('SIGSTOP');
  await delay(LEASE_OVER_MS);
  victim.child.kill('SIGCONT');
}

/** `SIGTERM`, once another one is there. */
export async function replaceWorker(stack: Stack, worker: RunningProcess): Promise<void> {
  await stack.startWorker();
  await worker.stop();
}

/** `SIGTERM`, and it is started again at the same address. */
export async function restartApi(stack: Stack, api: RunningProcess): Promise<void> {
  await api.stop();
  await stack.startApi({ PORT: new URL(api.url).port });
}

export async function flushRedis({ redis }: Stack): Promise<void> {
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
}

/** Ends every connection of the processes to their database, as an administrator or a failover does. */
export async function cutConnections({ database }: Stack): Promise<void> {
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name ~ '^arcrun-(api|worker)'`,
  );
}
