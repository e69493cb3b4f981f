import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProgram } from './harness/arcrun.ts';
import { startSampleReceiver } from './harness/sample-receiver.ts';
import { type Stack, startStack } from './harness/stack.ts';

const root = resolve(import.meta.dirname, '..');

let stack: Stack;
let sample: Awaited<ReturnType<typeof startSampleReceiver>>;
beforeAll(async () => {
  [stack, sample] = await Promise.all([startStack({ apis: 1, workers: 1 }), startSampleReceiver()]);
});
afterAll(async () => {
  await sample.close();
  await stack.close();
});

/** What stands in the README under a heading in one language, with the ports of this run. */
async function codeUnder(heading: string, language: string): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const code = new RegExp(`^## ${heading}\n.*?^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(readme)?.[1];
  if (code === undefined) throw new Error(`the README has no ${language} under "${heading}"`);
  return code
    .replaceAll('http://127.0.0.1:8085', stack.apis[0]!.url)
    .replaceAll('http://127.0.0.1:8090', sample.url);
}

test('the walk of the README works as it stands, but for the ports', async () => {
  const commands = await codeUnder('Run one task by hand', 'bash');
  expect(commands).toContain(sample.url);
  const { stdout, code } = await startProgram('bash', ['--norc', '-euo', 'pipefail', '-c', commands]).ended;
  expect(code).toBe(0);

  // What the comments promise.
  const [running = '', reported = ''] = stdout.split('"status":"Running"');
  expect(running).toContain('"name":"first"');
  expect(reported).toContain('"status":"Success"');
});

test('so does its TypeScript', async () => {
  const code = await codeUnder('From TypeScript, and from the shell', 'ts');
  const program = startProgram(process.execPath, ['--input-type=module-typescript', '-'], {
    stdin: code,
    cwd: import.meta.dirname,
  });
  expect(await program.ended).toMatchObject({ code: 0, stdout: '2 tasks succeeded\n' });
});

// proves: client/command-npx
test('so do its commands, by npx in the clone', async () => {
  const commands = await codeUnder('From TypeScript, and from the shell', 'bash');
  const { stdout, stderr, code } = await startProgram(
    'bash',
    ['--norc', '-euo', 'pipefail', '-c', commands],
    {
      env: { ARCRUN_URL: stack.apis[0]!.url, ARCRUN_RECEIVER: sample.url, NO_UPDATE_NOTIFIER: '1' },
      cwd: root,
    },
  ).ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('The batch has ended: 11 succeeded.');
  expect(stdout).toMatch(/^BATCH +CREATED/m);
  expect(stdout).toMatch(/Success +deploy-production +\S+ +smoke-tests/);
  expect(stdout).toContain('Usage: arcrun');
});
