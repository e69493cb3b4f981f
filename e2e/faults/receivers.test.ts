import { setTimeout as delay } from 'node:timers/promises';
import { type NewTask, task, webhook } from '@arcrun/client';
import { findViolations } from '@arcrun/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../harness/receiver.ts';
import { type Stack, startStack } from '../harness/stack.ts';
import { percentile } from '../bench/measure/distribution.ts';
import { readMemoryMb } from '../bench/measure/memory.ts';
import { recordRun } from './report/recorded-run.ts';
import { type BadReceivers, startBadReceivers } from './system/bad-receivers.ts';

const ORIGINS = 25;
const PERIOD_MS = 500;
const ROUNDS = 24;
const WARM_UP_ROUNDS = 4;
const END_LIMIT_MS = 30_000;
/** What is added to twice the usual: on a shared machine single calls are late by that for no reason. */
const TOLERANCE_MS = 100;
const MEMORY_LIMIT_MB = 400;

let stack: Stack;
let receiver: Receiver;
let bad: BadReceivers;

beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 2, settings: { WEBHOOK_TIMEOUT_SECS: '5' } });
  receiver = await startReceiver('0.0.0.0');
  bad = await startBadReceivers();
  receiver.behave((call) => {
    if (call.trigger === 'start') void call.handle.success();
  });
});
afterAll(async () => {
  await bad?.close();
  await stack?.close();
  await receiver?.close();
});

// proves: webhooks/slow-receivers
test('half of 50 receivers misbehave in nine ways, and the others see no delay', async () => {
  const { port } = new URL(receiver.url);
  const originsOf = (net: string) =>
    Array.from({ length: ORIGINS }, (_, index) => `http://${net}.${index + 1}:${port}`);
  const [healthy, others] = [originsOf('127.0.1'), originsOf('127.0.3')];
  await runRounds(healthy, others, WARM_UP_ROUNDS);
  const usual = await runRounds(healthy, others, ROUNDS);
  const beside = await runRounds(healthy, bad.urls(ORIGINS), ROUNDS);
  const memory = stack.workers.map(({ child }) => readMemoryMb(child.pid!));
  const violations = await findViolations(stack.database.db);
  await recordRun({
    fault:
      'half of 50 receivers are down, hang, drip, answer 500, 429, 1 GB, a redirect, half an answer, bad TLS',
    tasks: beside.tasks,
    duplicates: beside.duplicates,
    lost: beside.lost + violations.length,
    recoveryMs: null,
  });
  expect(violations).toEqual([]);
  expect(beside).toMatchObject({ duplicates: 0, lost: 0 });
  expect(beside.startP99).toBeLessThan(2 * usual.startP99 + TOLERANCE_MS);
  expect(beside.noticeP99).toBeLessThan(2 * usual.noticeP99 + TOLERANCE_MS);
  expect(Math.max(...memory)).toBeLessThan(MEMORY_LIMIT_MB);
}, 300_000);

/** What became of the tasks of the healthy receivers. */
interface Outcome {
  readonly tasks: number;
  /** From the request that creates a task to its on_start. */
  readonly startP99: number;
  /** From the on_start of a task that ends at once to its on_success. */
  readonly noticeP99: number;
  readonly duplicates: number;
  /** Tasks whose on_success never came. */
  readonly lost: number;
}

/** Every half second a task for each receiver, whose on_success goes there too; and one for each pair of both halves. */
async function runRounds(
  healthy: readonly string[],
  others: readonly string[],
  rounds: number,
): Promise<Outcome> {
  receiver.forget();
  const sentMs = new Map<string, number>();
  const creations: Promise<void>[] = [];
  for (let round = 0; round < rounds; round++) {
    creations.push(createRound(healthy, others, sentMs));
    await delay(PERIOD_MS);
  }
  await Promise.all(creations);
  const ids = [...sentMs.keys()];
  const noticeOf = (id: string) => receiver.callsOf(id, 'end')[0];
  const deadlineMs = performance.now() + END_LIMIT_MS;
  while (ids.some((id) => noticeOf(id) === undefined) && performance.now() < deadlineMs)
    await delay(PERIOD_MS);
  const ended = ids.flatMap((id) => {
    const [start, notice] = [receiver.callsOf(id, 'start')[0], noticeOf(id)];
    return start === undefined || notice === undefined
      ? []
      : [{ startMs: start.atMs - sentMs.get(id)!, noticeMs: notice.atMs - start.atMs }];
  });
  return {
    tasks: ids.length,
    startP99: percentile(
      ended.map(({ startMs }) => startMs),
      0.99,
    ),
    noticeP99: percentile(
      ended.map(({ noticeMs }) => noticeMs),
      0.99,
    ),
    duplicates: ids.reduce((sum, id) => sum + Math.max(0, receiver.callsOf(id, 'start').length - 1), 0),
    lost: ids.length - ended.length,
  };
}

/** @param sentMs gets the tasks that healthy receivers alone have to do with */
async function createRound(
  healthy: readonly string[],
  others: readonly string[],
  sentMs: Map<string, number>,
): Promise<void> {
  const tasks: NewTask[] = healthy.flatMap((url, index) => [
    aTask(`own-${index}`, url, url),
    aTask(`other-${index}`, others[index]!, others[index]!),
    aTask(`both-${index}`, url, others[index]!),
  ]);
  const beganMs = performance.now();
  const created = await stack.client.createBatch(tasks);
  for (const { id, name } of created.tasks) if (name.startsWith('own-')) sentMs.set(id, beganMs);
}

const aTask = (id: string, startUrl: string, noticeUrl: string): NewTask =>
  task({
    id,
    name: id,
    kind: 'work',
    on_start: webhook(`${startUrl}/start`),
    on_success: [webhook(`${noticeUrl}/success`)],
  });
