import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type NewTask, task, webhook } from '@arcrun/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProgram } from '../harness/arcrun.ts';
import { startSampleReceiver } from '../harness/sample-receiver.ts';
import { untilRunning, type Stack, startStack } from '../harness/stack.ts';

const TOKEN = 'the-token-of-the-handles';
const run = promisify(execFile);

/** The code of the page under a heading, as it stands there. */
async function exampleOf(heading: string, language: string): Promise<string> {
  const page = await readFile(resolve(import.meta.dirname, '../../docs/receivers.md'), 'utf8');
  const block = new RegExp(`^## ${heading}\n.*?^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(page)?.[1];
  if (block === undefined) throw new Error(`docs/receivers.md has no example for ${heading}`);
  return block;
}

const hasPython = await run('python3', ['--version']).then(
  () => true,
  () => false,
);

let stack: Stack;
let folder: string;
beforeAll(async () => {
  [stack, folder] = await Promise.all([
    startStack({ apis: 1, workers: 1, settings: { AUTH_TOKEN: TOKEN } }),
    mkdtemp(join(tmpdir(), 'arcrun-receivers-')),
  ]);
});
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

// proves: client/receiver-python
describe.skipIf(!hasPython)('the receiver in Python', () => {
  let python: ReturnType<typeof startProgram>;
  let url: string;
  beforeAll(async () => {
    const file = join(folder, 'receiver.py');
    await writeFile(file, await exampleOf('Python', 'python'));
    python = startProgram('python3', [file, '0'], { env: { ARCRUN_TOKEN: TOKEN, no_proxy: '*' } });
    await python.says(/listening on port \d+/);
    url = `http://127.0.0.1:${/\d+/.exec(python.stdout())?.[0]}/work`;
  });
  afterAll(async () => {
    python.child.kill();
    await python.ended;
  });

  const adds = (numbers: number[]): NewTask =>
    task({ id: 'sum', kind: 'sum', expected_count: 3, on_start: webhook(url, { body: { numbers } }) });

  test('works, counts and succeeds', async () => {
    const { batchId, tasks } = await stack.client.createBatch([adds([1, 2, 39])]);
    await stack.client.waitForBatch(batchId);
    expect(await stack.client.getTask(tasks[0]!.id)).toMatchObject({
      status: 'Success',
      success: 3,
      metadata: { total: 42 },
    });
  });

  test('says why it failed', async () => {
    const { batchId, tasks } = await stack.client.createBatch([adds([1, -2, 3])]);
    await stack.client.waitForBatch(batchId);
    expect(await stack.client.getTask(tasks[0]!.id)).toMatchObject({
      status: 'Failure',
      success: 1,
      failure_reason: '-2 is below zero',
    });
  });

  test('a call that comes again is not worked off again', async () => {
    const { batchId, tasks } = await stack.client.createBatch([
      task({ id: 'a', kind: 'sum', on_start: webhook(`${stack.receiver.url}/start`) }),
    ]);
    const { id } = tasks[0]!;
    await untilRunning(stack.client, id);
    const handle = encodeURIComponent(`${stack.hostUrl}/task/${id}`);
    const headers = { 'idempotency-key': `${id}:start`, 'content-type': 'application/json' };
    const call = (numbers: number[]) =>
      fetch(`${url}?handle=${handle}`, { method: 'POST', headers, body: JSON.stringify({ numbers }) });
    // The second would fail the task, were it worked off.
    expect([(await call([5])).status, (await call([-1])).status]).toEqual([202, 202]);
    await stack.client.waitForBatch(batchId);
    expect(await stack.client.getTask(id)).toMatchObject({ status: 'Success', success: 1 });
  });

  test('other calls are refused', async () => {
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await fetch(`${url}?handle=http://h/1`, { method: 'POST', body: 'no' })).status).toBe(400);
  });
});

// proves: client/receiver-curl
test('the receiver with curl works off what runs, well or not', async () => {
  const sample = await startSampleReceiver(TOKEN);
  const script = (await exampleOf('curl', 'bash'))
    .replaceAll('http://127.0.0.1:8085', stack.apis[0]!.url)
    .replaceAll('http://127.0.0.1:8090', sample.url);
  expect(script).toContain(sample.url);
  const env = { ...process.env, ARCRUN_TOKEN: TOKEN, no_proxy: '*' };
  await run('bash', ['--norc', '-euo', 'pipefail', '-c', script], { env, timeout: 60_000 });
  const tasks = await stack.client.listTasks({ kind: 'backup' });
  const ends = await Promise.all(
    tasks.map(async ({ id }) => {
      const { name, status, failure_reason } = await stack.client.getTask(id);
      return { name, status, failure_reason };
    }),
  );
  expect(ends.reverse()).toEqual([
    { name: '/etc/hosts', status: 'Success', failure_reason: null },
    { name: '/etc/nothing-here', status: 'Failure', failure_reason: 'tar ended with exit code 2' },
  ]);
  await sample.close();
});
