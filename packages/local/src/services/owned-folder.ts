import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { startMark } from './process-identity.ts';

export interface Owner {
  pid: number;
  /** {@link startMark} of the owner: tells it from a later process of the same number. */
  mark: string;
}

function isOwner(value: unknown): value is Owner {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'mark' in value &&
    typeof value.mark === 'string'
  );
}

/** The living process that holds the lock file; undefined when nobody does. */
export function readOwner(file: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isOwner(owner) && startMark(owner.pid) === owner.mark ? owner : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes a lock file for this process. A lock of a dead process is taken over.
 * @returns how to give it back, or the living owner when there is one
 */
export function takeLock(file: string): { release: () => void } | { heldBy: Owner } {
  mkdirSync(dirname(file), { recursive: true });
  const mine: Owner = { pid: process.pid, mark: startMark(process.pid) ?? '' };
  // Written beside and linked into place, so that nobody ever reads half a file.
  const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (let attempt = 0; ; attempt += 1) {
      try {
        linkSync(draft, file);
        return { release: () => rmSync(file, { force: true }) };
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST' || attempt > 5)
          throw error;
        const owner = readOwner(file);
        if (owner) return { heldBy: owner };
        rmSync(file, { force: true });
      }
    }
  } finally {
    rmSync(draft, { force: true });
  }
}
