import { createReceiver } from '@arcrun/local';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from './harness/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 1 });
});
afterAll(async () => {
  await stack.close();
});

test('the walk of the README works as it stands, but for the ports', async () => {
  const receiver = createReceiver({});
  receiver.server.listen(0, '127.0.0.1');
  await once(receiver.server, 'listening');
  const address = receiver.server.address();
  const receiverPort = typeof address === 'object' ? address?.port : undefined;

  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  const walk = /## A task by hand\n.*?```bash\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const commands = walk
    .replaceAll('http://127.0.0.1:8085', stack.apis[0]!.url)
    .replaceAll('http://127.0.0.1:8090', `http://127.0.0.1:${receiverPort}`);
  expect(commands).not.toBe(walk);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands]);
  await receiver.close();

  // What the comments promise.
  const [running = '', reported = ''] = stdout.split('"status":"Running"');
  expect(running).toContain('"name":"first"');
  expect(reported).toContain('"status":"Success"');
});
