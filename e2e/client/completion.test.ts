import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { task, webhook } from '@arcrun/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arcrun, startProgram } from '../harness/arcrun.ts';
import { type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;
let folder: string;
let env: Record<string, string>;
let batchId: string;
beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 1 });
  folder = await mkdtemp(join(tmpdir(), 'arcrun-completion-'));
  await symlink(resolve(import.meta.dirname, '../../packages/client/dist/arcrun.js'), join(folder, 'arcrun'));
  env = {
    ARCRUN_URL: stack.apis[0]!.url,
    PATH: `${folder}:${dirname(process.execPath)}:${process.env['PATH']}`,
  };
  const on_start = webhook(`${stack.receiver.url}/start`);
  ({ batchId } = await stack.client.createBatch({
    scope: 'release',
    tasks: [task({ id: 'a', kind: 'k', on_start })],
  }));
});
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

async function candidates(...words: string[]): Promise<string[]> {
  const { stdout, code, stderr } = await arcrun(['__complete', '--', ...words], { env });
  expect([code, stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0] ?? '');
}

// proves: client/command-completion
test('commands, options, choices and batches are completed', async () => {
  expect(await candidates('')).toEqual(expect.arrayContaining(['dag', 'watch', 'deliveries', 'completion']));
  expect(await candidates('wa')).toEqual(['watch']);
  expect(await candidates('deliveries', '')).toEqual(['list', 'retry']);
  expect(await candidates('list', '--st')).toEqual(['--status']);
  expect(await candidates('list', '--status', 'P')).toEqual(['Pending', 'Paused']);
  expect(await candidates('update', 'some-task', '')).toEqual(['Success', 'Failure']);
  expect(await candidates('list', 'tasks', '--limit', '5', '--json', '--ba')).toEqual(['--batch']);
  expect(await candidates('view', '')).toEqual([batchId]);
  expect(await candidates('--json', 'view', batchId.slice(0, 8))).toEqual([batchId]);
  // A file is the shell's own business.
  expect(await candidates('run', '')).toEqual([]);
});

test('the README of the client names every command', async () => {
  const readme = await readFile(resolve(import.meta.dirname, '../../packages/client/README.md'), 'utf8');
  const commands = await candidates('');
  expect(commands.length).toBeGreaterThan(10);
  expect(commands.filter((name) => !readme.includes(`\`arcrun ${name}`))).toEqual([]);
});

test('without a server there are just no batches', async () => {
  const { stdout, stderr, code } = await arcrun(['__complete', '--', 'view', ''], {
    env: { ARCRUN_URL: 'http://127.0.0.1:1' },
  });
  expect([code, stdout, stderr]).toEqual([0, '', '']);
});

// proves: client/command-completion
test('bash takes the script and completes with it', async () => {
  const script = `eval "$(arcrun completion bash)"
    complete -p arcrun
    COMP_WORDS=(arcrun list --status Ca) COMP_CWORD=3; _arcrun; echo "status: \${COMPREPLY[*]}"
    COMP_WORDS=(arcrun view '') COMP_CWORD=2; _arcrun; echo "batch: \${COMPREPLY[*]}"`;
  const { stdout, stderr, code } = await startProgram('bash', ['-c', script], { env }).ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('-F _arcrun arcrun');
  expect(stdout).toContain('status: Canceled');
  expect(stdout).toContain(`batch: ${batchId}`);
});

const shells = (process.env['PATH'] ?? '').split(':');
const has = (shell: string) => shells.some((path) => existsSync(join(path, shell)));

test.skipIf(!has('zsh'))('zsh takes the script and completes with it', async () => {
  const script = `autoload -U compinit; compinit -u -D; _files() { }
    _describe() { print -l -- "\${(@P)2}" }
    eval "$(arcrun completion zsh)"
    words=(arcrun list --status Ca) CURRENT=4; _arcrun`;
  const { stdout, stderr, code } = await startProgram('zsh', ['-fc', script], { env }).ended;
  expect([code, stderr, stdout.trim()]).toEqual([0, '', 'Canceled']);
});

test.skipIf(!has('fish'))('fish takes the script and completes with it', async () => {
  const script = `arcrun completion fish | source; complete -C "arcrun list --status Ca"`;
  const { stdout, code } = await startProgram('fish', ['-c', script], { env }).ended;
  expect([code, stdout.trim()]).toEqual([0, 'Canceled']);
});
