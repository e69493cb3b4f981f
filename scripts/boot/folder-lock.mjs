import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { showProgress } from './progress.mjs';

const UNSIGNED_LIMIT_MS = 5_000;

/** Differs between two processes that had the same number one after the other. */
function startMark(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch {
    return 'alive';
  }
}

function isHeld(folder) {
  try {
    const owner = JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8'));
    return startMark(owner.pid) === owner.mark;
  } catch {
    // Made a moment ago and not signed yet, or its owner died in between.
    try {
      return Date.now() - statSync(folder).mtimeMs < UNSIGNED_LIMIT_MS;
    } catch {
      return false;
    }
  }
}

function tryTake(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(
    join(folder, 'owner.json'),
    JSON.stringify({ pid: process.pid, mark: startMark(process.pid) }),
  );
  return true;
}

/**
 * Does some work while no other process of this clone does such work. A lock whose owner is dead is taken over.
 * @template T
 * @param {string} folder the lock: a folder, since making one is atomic everywhere
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withFolderLock(folder, work) {
  mkdirSync(dirname(folder), { recursive: true });
  let endProgress;
  while (!tryTake(folder)) {
    if (isHeld(folder)) {
      endProgress ??= showProgress('Waiting for another command that prepares this clone');
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    // Renamed first: of two that find it dead, only one gets it.
    const grave = `${folder}.${process.pid}.${Date.now()}`;
    try {
      renameSync(folder, grave);
      rmSync(grave, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  endProgress?.();
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}
