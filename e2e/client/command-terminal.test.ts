import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { task, webhook } from '@arcrun/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startArcrun, startProgram } from '../harness/arcrun.ts';
import { untilRunning, type Stack, startStack } from '../harness/stack.ts';

const COMMAND = resolve(import.meta.dirname, '../../packages/client/dist/arcrun.js');
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

let stack: Stack;
let env: Record<string, string>;
beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 1 });
  env = { ARCRUN_URL: stack.apis[0]!.url };
});
afterAll(() => stack.close());

async function runningBatch(): Promise<{ batchId: string; id: string }> {
  const on_start = webhook(`${stack.receiver.url}/start`);
  const { batchId, tasks } = await stack.client.createBatch([
    task({ id: 'a', name: 'compile', kind: 'k', on_start, expected_count: 8 }),
    task({ id: 'b', name: 'package', kind: 'k', on_start, dependencies: ['a'] }),
  ]);
  const { id } = tasks[0]!;
  await untilRunning(stack.client, id);
  return { batchId, id };
}

/** In a real terminal (a pty), which `script` of util-linux opens; it prints the id of the command's process first. */
const inTerminal = (batchId: string) =>
  startProgram(
    'script',
    ['-qefc', `echo pid $$; exec "${process.execPath}" "${COMMAND}" watch ${batchId}`, '/dev/null'],
    { env: { ...env, TERM: 'xterm-256color', NO_COLOR: '' } },
  );
const hasTerminal = process.platform === 'linux' && existsSync('/usr/bin/script');

// proves: client/command-watch-live
test.skipIf(!hasTerminal)('on a terminal, watch redraws in place and gives the cursor back', async () => {
  const { batchId, id } = await runningBatch();
  const watching = inTerminal(batchId);
  await watching.says('compile');
  await stack.client.addProgress(id, { success: 5 });
  await watching.says('5/8');
  await stack.client.reportFailure(id, 'no space left');
  const { code, stdout } = await watching.ended;
  expect(code).toBe(1);
  expect(stdout).toContain(HIDE_CURSOR);
  expect(stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(stdout.lastIndexOf(HIDE_CURSOR));
  // Up by the lines of the last drawing.
  expect(stdout).toMatch(/\u001b\[\d+A\r/); // oxlint-disable-line no-control-regex -- what moves the cursor
  expect(stdout).toContain('compile failed: no space left');
  expect(stdout).toContain('2/2');
});

test.skipIf(!hasTerminal)('a terminal that is given up has its cursor back', async () => {
  const { batchId } = await runningBatch();
  const watching = inTerminal(batchId);
  await watching.says('compile');
  process.kill(Number(/pid (\d+)/.exec(watching.stdout())?.[1]), 'SIGINT');
  const { code, stdout } = await watching.ended;
  expect(code).toBe(130);
  expect(stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(stdout.lastIndexOf(HIDE_CURSOR));
});

// proves: client/command-interrupted
test('Ctrl-C ends it with 130 and no word', async () => {
  const { batchId } = await runningBatch();
  const watching = startArcrun(['watch', batchId], { env });
  await watching.says('2 tasks');
  watching.child.kill('SIGINT');
  expect(await watching.ended).toMatchObject({ code: 130, stderr: '' });
});

test('a reader that goes away ends it quietly', async () => {
  const { batchId } = await runningBatch();
  const line = `"${process.execPath}" "${COMMAND}" watch ${batchId} | head -n 1`;
  const shell = startProgram('bash', ['-c', line], { env });
  await shell.says('2 tasks');
  // The next line finds nobody who reads.
  await stack.client.stopBatch(batchId);
  const { stdout, stderr, code } = await shell.ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n')).toHaveLength(1);
});
