import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { readResult } from './result.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/**
 * Makes docs/performance.md and its plots tell of this result.
 *
 * @param file a result as the benchmark writes it
 * @throws when it is none
 */
export async function publishResult(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  readResult(text);
  await writeFile(resolve(ROOT, 'docs/performance/result.json'), text);
  await promisify(execFile)(process.execPath, ['scripts/docs/main.ts'], { cwd: ROOT });
  console.log('docs/performance.md and its plots tell of it now.');
}
