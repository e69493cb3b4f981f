import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';
import { findSchemathesis } from './system/find-schemathesis.ts';
import { recordRun } from './report/recorded-run.ts';

const CONFIG = join(import.meta.dirname, 'system/schemathesis.toml');
const NAME = '`schemathesis` against the OpenAPI document';

/** It keeps there what it wants to try again. */
const FOLDER = resolve(import.meta.dirname, '../../test-results/schemathesis');

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 1, hasFaults: true });
});
afterAll(() => stack.close());

test('finds nothing', async () => {
  const schemathesis = await findSchemathesis();
  const run = { fault: NAME, tasks: 0, duplicates: 0, recoveryMs: null };
  if (schemathesis === null) {
    await recordRun({ ...run, lost: 0, notRun: 'it needs Python, and PyPI' });
    return;
  }
  // One thread: with several, Python 3.11 fails now and then.
  const words = ['--config-file', CONFIG, 'run', `${stack.hostUrl}/api-docs/openapi.json`, '--no-color'];
  await mkdir(FOLDER, { recursive: true });
  const child = spawn(schemathesis, words, { cwd: FOLDER, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  await recordRun({ ...run, lost: code === 0 ? 0 : 1 });
  expect(code, output).toBe(0);
}, 600_000);
