import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOwner, takeLock } from './owned-folder.ts';
import { startMark } from './process-identity.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock test '));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a lock is held until it is released', () => {
  const file = join(folder, 'sub/lock');
  const lock = takeLock(file);
  expect(takeLock(file)).toMatchObject({ heldBy: { pid: process.pid } });
  expect(readOwner(file)?.pid).toBe(process.pid);
  if (!('release' in lock)) throw new Error('the lock was not free');
  lock.release();
  expect(existsSync(file)).toBe(false);
  expect(takeLock(file)).toHaveProperty('release');
});

test('the lock of a process that is gone is taken over', async () => {
  const file = join(folder, 'lock');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  writeFileSync(file, JSON.stringify({ pid, mark: startMark(pid) }));
  expect(takeLock(file)).toMatchObject({ heldBy: { pid } });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(takeLock(file)).toHaveProperty('release');
});

test('a process that got the number of the owner later does not hold the lock', () => {
  const file = join(folder, 'lock');
  writeFileSync(file, JSON.stringify({ pid: process.pid, mark: 'of an earlier boot' }));
  expect(takeLock(file)).toHaveProperty('release');
});

test('a broken lock file does not keep anybody out', () => {
  const file = join(folder, 'lock');
  writeFileSync(file, '{"pid":');
  expect(takeLock(file)).toHaveProperty('release');
});
