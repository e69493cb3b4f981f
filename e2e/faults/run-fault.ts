import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Stack, type StackOptions, startStack } from '../harness/stack.ts';
import { countDuplicates } from './checks/check-starts.ts';
import { readFacts } from './checks/facts.ts';
import { type Allowances, findViolations } from './checks/find-violations.ts';
import { measureRecovery } from './recovery.ts';
import { recordRun } from './report/recorded-run.ts';
import { planBatch, type PlannedBatch } from './workload/plan.ts';
import { Workload } from './workload/workload.ts';

const BATCH_SIZE = 40;
const PAUSE_MS = 500;
const BEFORE_MS = 4000;
const AFTER_MS = 2000;
const LOOK_MS = 250;
const END_LIMIT_MS = 90_000;

export interface FaultContext {
  readonly stack: Stack;
  readonly workload: Workload;
}

export interface Fault {
  /** As in the table of docs/reliability.md. */
  readonly name: string;
  readonly stack?: StackOptions;
  readonly allowances?: Allowances;
  /** How long full speed may be away after the fault has ended. */
  readonly recoveryLimitMs: number;
  /** Makes the fault in the middle of a run, and takes it back. */
  readonly make: (context: FaultContext) => Promise<void>;
}

/**
 * Runs random DAGs with rules and counters through the whole system, makes the fault meanwhile, waits until all has
 * ended, and judges the whole history.
 */
export async function expectWithstood(fault: Fault): Promise<void> {
  const { name, allowances = { zombies: false }, recoveryLimitMs } = fault;
  const stack = await startStack({
    apis: 2,
    workers: 3,
    ...fault.stack,
    // Receivers and clients are all played by this process, which is late when much is made up for at once.
    settings: { WEBHOOK_TIMEOUT_SECS: '60', ...fault.stack?.settings },
    hasFaults: true,
  });
  try {
    const workload = new Workload(stack);
    workload.create(planBatches(seedOf(name)), PAUSE_MS);
    await delay(BEFORE_MS);
    const beganMs = performance.now();
    await fault.make({ stack, workload });
    const endedMs = performance.now();
    const recovery = (): number => measureRecovery(workload.history, { beganMs, endedMs });
    while (performance.now() < endedMs + recoveryLimitMs && !Number.isFinite(recovery()))
      await delay(LOOK_MS);
    await delay(AFTER_MS);
    workload.stopCreating();
    await workload.untilEnded(END_LIMIT_MS);
    const facts = await readFacts(stack.database, workload.history);
    const violations = [
      ...workload.clients.wrong,
      ...(await findViolations(facts, stack.database, allowances)),
    ];
    const duplicates = countDuplicates(facts);
    const recoveryMs = recovery();
    await recordRun({ fault: name, tasks: facts.rows.size, duplicates, lost: violations.length, recoveryMs });
    expect(violations).toEqual([]);
    expect(duplicates).toBeLessThanOrEqual(allowances.duplicates ?? Infinity);
    expect(recoveryMs).toBeLessThanOrEqual(recoveryLimitMs);
  } finally {
    await stack.close();
  }
}

/** The same work in each run of a fault, and other work for another. */
function seedOf(name: string): number {
  let seed = 0;
  for (const character of name) seed = (seed * 31 + character.charCodeAt(0)) % 1_000_003;
  return seed * 1000;
}

function* planBatches(seed: number): Generator<PlannedBatch> {
  for (let next = seed; ; next++) yield planBatch(next, BATCH_SIZE);
}
