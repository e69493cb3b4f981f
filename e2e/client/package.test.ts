import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { task, webhook } from '@arcrun/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProgram } from '../harness/arcrun.ts';
import { untilRunning, type Stack, startStack } from '../harness/stack.ts';

const run = promisify(execFile);
const source = resolve(import.meta.dirname, '../../packages/client');
/** With Node beside it, as pnpm and npm look for it. */
const toolEnv = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` };

let stack: Stack;
/** Outside of the workspace, empty but for the package. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arcrun-package-'));
  [stack] = await Promise.all([startStack({ apis: 1, workers: 1 }), packAndInstall()]);
}, 60_000);
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

async function packAndInstall(): Promise<void> {
  await run(await findPnpm(), ['pack', '--pack-destination', folder], { cwd: source, env: toolEnv });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))!;
  await writeFile(join(folder, 'package.json'), '{"type": "module", "private": true}');
  // Offline: it has no dependencies that would have to be fetched.
  const words = ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`];
  await run('npm', words, { cwd: folder, env: toolEnv });
}

/** The pnpm of the project, which the boot scripts know; they are no TypeScript. */
async function findPnpm(): Promise<string> {
  const toolchain = JSON.stringify(resolve(import.meta.dirname, '../../scripts/boot/toolchain.mjs'));
  const code = `import { ensurePnpm } from ${toolchain}; console.log(await ensurePnpm());`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code]);
  return stdout.trim();
}

async function readmeCode(): Promise<string[]> {
  const readme = await readFile(join(source, 'README.md'), 'utf8');
  return Array.from(readme.matchAll(/^```ts\n(.*?)^```/gms), ([, code = '']) => code);
}

test('it holds what it says, and nothing of the server', async () => {
  const installed = join(folder, 'node_modules/@arcrun/client');
  expect((await readdir(join(folder, 'node_modules/@arcrun'))).sort()).toEqual(['client']);
  expect((await readdir(installed)).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
  const files = (await readdir(join(installed, 'dist'), { recursive: true })).filter((name) =>
    /\.[jt]s$/.test(name),
  );
  for (const name of files) {
    expect(await readFile(join(installed, 'dist', name), 'utf8')).not.toMatch(/from ['"]@arcrun\//);
  }
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  expect(manifest['dependencies']).toBeUndefined();
});

// proves: client/published
test('the receiver and the batch of the README run with it, against the real server', async () => {
  const [batch = '', follow = '', , receiver = ''] = await readmeCode();
  await writeFile(
    join(folder, 'receiver.ts'),
    `${receiver.replace('9000', '0')}
server.on('listening', () => console.log(JSON.stringify(server.address())));`,
  );
  const serving = startProgram(process.execPath, ['receiver.ts'], { cwd: folder });
  await serving.says('port');
  const { port } = JSON.parse(serving.stdout()) as { port: number };

  const script = `${batch}${follow}`
    .replaceAll('http://127.0.0.1:8085', stack.apis[0]!.url)
    .replaceAll('http://127.0.0.1:9000', `http://127.0.0.1:${port}`);
  await writeFile(join(folder, 'batch.ts'), script);
  const { code, stdout, stderr } = await startProgram(process.execPath, ['batch.ts'], { cwd: folder }).ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe('3 of 3 succeeded\nextract Success\naudit Success\nload Success\n');
  const extract = (await stack.client.listTasks({ name: 'extract' }))[0];
  expect(extract).toMatchObject({ status: 'Success', success: 3 });
  serving.child.kill();
  await serving.ended;
});

// proves: client/published-types
test('its types hold for the code of the README, and catch what is wrong', async () => {
  const codes = await readmeCode();
  const [batch = '', follow = '', rules = '', receiver = '', signed = ''] = codes;
  await Promise.all([
    writeFile(join(folder, 'typed-batch.ts'), `${batch}${follow}`),
    writeFile(join(folder, 'typed-rules.ts'), rules),
    writeFile(join(folder, 'typed-receiver.ts'), receiver),
    writeFile(join(folder, 'typed-signed.ts'), signed),
    writeFile(
      join(folder, 'wrong.ts'),
      `import { createClient } from '@arcrun/client';
       const batch = await createClient({ url: 'http://a' }).getBatch('b');
       export const counts: string = batch.status_counts.success;`,
    ),
  ]);
  const require = createRequire(import.meta.url);
  const root = resolve(import.meta.dirname, '../..');
  const tsc = join(dirname(require.resolve('typescript/package.json', { paths: [root] })), 'bin/tsc');
  const flags = [
    ...['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2024'],
    ...['--types', 'node', '--typeRoots', join(root, 'node_modules/@types'), '--ignoreConfig'],
  ];
  const files = ['typed-batch.ts', 'typed-rules.ts', 'typed-receiver.ts', 'typed-signed.ts'];
  const right = await startProgram(process.execPath, [tsc, ...flags, ...files], { cwd: folder }).ended;
  expect([right.code, right.stdout]).toEqual([0, '']);
  const wrong = await startProgram(process.execPath, [tsc, ...flags, 'wrong.ts'], { cwd: folder }).ended;
  expect(wrong.stdout).toContain("Type 'number' is not assignable to type 'string'");
});

/** A Node that is older than that of the tests, where the machine has one. */
async function findOlderNode(): Promise<string | undefined> {
  for (const path of (process.env['PATH'] ?? '').split(delimiter)) {
    const node = join(path, 'node');
    const version = await run(node, ['--version']).catch(() => undefined);
    const major = Number(/^v(\d+)/.exec(version?.stdout ?? '')?.[1]);
    if (major >= 20 && major < 24) return node;
  }
  return undefined;
}
const olderNode = await findOlderNode();

// proves: client/published-command
test.each<[string, string]>([
  ['this Node', process.execPath],
  ...(olderNode === undefined ? [] : [['an older Node', olderNode] satisfies [string, string]]),
])('its command runs on %s', async (_name, node) => {
  const on_start = webhook(`${stack.receiver.url}/start`);
  const { batchId, tasks } = await stack.client.createBatch([task({ id: 'a', kind: 'k', on_start })]);
  await untilRunning(stack.client, tasks[0]!.id);
  const command = join(folder, 'node_modules/.bin/arcrun');
  const env = { ARCRUN_URL: stack.apis[0]!.url };
  const view = await startProgram(node, [command, 'view', batchId], { env }).ended;
  expect([view.code, view.stderr]).toEqual([0, '']);
  expect(view.stdout).toContain(tasks[0]!.id);
  const watching = startProgram(node, [command, 'watch', batchId], { env });
  await watching.says('1 task: ');
  await stack.client.reportSuccess(tasks[0]!.id);
  expect((await watching.ended).code).toBe(0);
});
