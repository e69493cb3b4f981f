import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stateDir } from '../services/cache-folder.ts';
import { readOwner, takeLock } from '../services/owned-folder.ts';
import { StartupError } from '../services/startup-error.ts';

const lockFile = join(stateDir, 'run.lock');
const recordFile = join(stateDir, 'run.json');

/** What other commands of this clone may know of a running `npm start`. */
export interface RunRecord {
  pid: number;
  databaseUrl: string;
  redisUrl: string;
  apiUrl: string;
  receiverUrl: string;
}

/**
 * Makes this process the only `npm start` of the clone.
 * @returns gives that back
 */
export function takeRun(): () => void {
  const lock = takeLock(lockFile);
  if ('heldBy' in lock) {
    const url = readRunRecord()?.apiUrl;
    throw new StartupError(
      `ArcRun runs in this clone already (process ${lock.heldBy.pid}${url === undefined ? '' : `, ${url}`}): end that first, with Ctrl-C where it runs.`,
    );
  }
  return () => {
    rmSync(recordFile, { force: true });
    lock.release();
  };
}

export function writeRunRecord(record: RunRecord): void {
  writeFileSync(recordFile, JSON.stringify(record, null, 2), { mode: 0o600 });
}

function isRunRecord(value: unknown): value is RunRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    'databaseUrl' in value &&
    'apiUrl' in value
  );
}

/** Of the living `npm start` of this clone; undefined when there is none. */
export function readRunRecord(): RunRecord | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(recordFile, 'utf8'));
    return isRunRecord(record) && readOwner(lockFile)?.pid === record.pid ? record : undefined;
  } catch {
    return undefined;
  }
}
