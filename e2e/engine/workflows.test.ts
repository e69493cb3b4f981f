import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { generateWorkflow, readWorkflow, toNewTasks, type Workflow } from '@arcrun/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';

const FOLDER = process.env['WORKFLOWS_DIR'] ?? resolve(import.meta.dirname, '../../../shared/workflows');
const recorded = existsSync(FOLDER) ? (await readdir(FOLDER)).filter((file) => file.endsWith('.json')) : [];
if (recorded.length === 0) console.log(`no recorded workflows in ${FOLDER}: only generated ones are run`);

let stack: Stack;
beforeAll(async () => {
  // A receiver of one process takes in new connections one by one, which is slow when it shares its core with many.
  stack = await startStack({ apis: 2, workers: 3, settings: { WEBHOOK_TIMEOUT_SECS: '60' } });
});
afterAll(async () => {
  await stack.close();
});

test.each(recorded)('%s runs to its end, each task after its parents', async (file) => {
  await runToItsEnd(await readWorkflow(join(FOLDER, file)));
});

test('a generated workflow of 1,700 tasks, 8 levels and a fan-in of 400 runs to its end', async () => {
  await runToItsEnd(generateWorkflow({ seed: 7 }));
});

/** Why tasks failed, but for those that failed with their parents. */
async function failuresOf(batchId: string): Promise<string[]> {
  const { rows } = await stack.database.pool.query<{ failure: string }>(
    `select concat_ws(' ', t.name, s.status, s.failure_reason, s.started_at - t.created_at, s.ended_at - t.created_at) as failure
     from task_state s join task t on t.id = s.id
     where s.batch_id = $1 and s.status <> 'Success' and coalesce(s.failure_reason, '') not like 'Required parent%'`,
    [batchId],
  );
  return rows.map(({ failure }) => failure);
}

/** Every task is called once, after the ends of all its parents were sent; the batch ends all Success. */
async function runToItsEnd(workflow: Workflow): Promise<void> {
  const { receiver, clients } = stack;
  const calledAt = new Map<string, number>();
  const endSentAt = new Map<string, number>();
  const unreported: unknown[] = [];
  let turn = 0;
  receiver.behave((call) => {
    if (call.trigger !== 'start') return undefined;
    expect(calledAt.has(call.taskId!)).toBe(false);
    calledAt.set(call.taskId!, performance.now());
    setImmediate(() => {
      endSentAt.set(call.taskId!, performance.now());
      // Either API takes the end.
      const client = clients[turn++ % clients.length]!;
      client.reportSuccess(call.taskId!).catch((error: unknown) => unreported.push(error));
    });
    return undefined;
  });
  const newTasks = toNewTasks(workflow, { receiverUrl: receiver.url, timeScale: 1 });
  const { batchId, tasks } = await stack.client.createBatch(newTasks);
  await stack.client.waitForBatch(batchId, { pollMs: 50, signal: AbortSignal.timeout(60_000) });

  expect([await failuresOf(batchId), unreported, receiver.errors]).toEqual([[], [], []]);
  expect(await stack.client.getBatch(batchId)).toMatchObject({
    status_counts: { success: workflow.tasks.length },
  });
  const idOf = new Map(newTasks.map((each, index) => [each.id, tasks[index]!.id]));
  for (const each of newTasks) {
    for (const parent of each.dependencies ?? []) {
      expect(calledAt.get(idOf.get(each.id)!)).toBeGreaterThan(endSentAt.get(idOf.get(parent.id)!)!);
    }
  }
  receiver.forget();
}
