import { readFileSync } from 'node:fs';

/** What Postgres writes about itself into `postmaster.pid`. */
export interface PostmasterFile {
  pid: number;
  dataDir: string;
  port: number | undefined;
  /** "starting", "ready", "stopping" or "standby"; undefined until it is written. */
  status: string | undefined;
}

/** Reads the text of a `postmaster.pid`; undefined when it does not begin with a process number. */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const port = Number(lines[3]);
  return {
    pid,
    dataDir: lines[1] ?? '',
    port: Number.isSafeInteger(port) && port > 0 ? port : undefined,
    status: lines[7] === undefined || lines[7] === '' ? undefined : lines[7],
  };
}

/** Reads a `postmaster.pid`; undefined when there is none or it is not one. */
export function readPostmasterFile(file: string): PostmasterFile | undefined {
  try {
    return parsePostmasterFile(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
