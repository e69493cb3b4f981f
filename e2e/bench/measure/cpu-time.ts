import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of /proc are hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10;

interface ProcessTimes {
  readonly parentPid: number;
  /** User and system time of the process, all its threads included. */
  readonly ownMs: number;
  /** That of its children which have ended. */
  readonly endedChildrenMs: number;
}

/** The CPU time of each named process so far, in ms; NaN where there is no /proc. */
export type CpuTimes<Name extends string> = Readonly<Record<Name, number>>;

/** The process of each name, or its processes. */
export type Pids<Name extends string> = Readonly<Record<Name, number | readonly number[]>>;

/**
 * Reads the CPU time of processes, each with all its descendants: Postgres does its work in children, one for each
 * connection and each background task.
 */
export function readCpuTimes<Name extends string>(pids: Pids<Name>): CpuTimes<Name> {
  const all = readAllTimes();
  const times = Object.entries<number | readonly number[]>(pids).map(([name, some]) => {
    const sum = [some].flat().reduce((total, pid) => total + treeMs(pid, all), 0);
    return [name, sum] as const;
  });
  return Object.fromEntries(times) as CpuTimes<Name>;
}

/** What was used between two readings. */
export function cpuUsed<Name extends string>(before: CpuTimes<Name>, after: CpuTimes<Name>): CpuTimes<Name> {
  const used = Object.keys(after).map((name) => [name, after[name as Name] - before[name as Name]]);
  return Object.fromEntries(used) as CpuTimes<Name>;
}

/** The CPU time of a process of one thread so far, to the microsecond; NaN where there is no /proc. */
export function readThreadCpuMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

function treeMs(pid: number, all: ReadonlyMap<number, ProcessTimes>): number {
  const own = all.get(pid);
  if (own === undefined) return Number.NaN;
  let sum = own.ownMs + own.endedChildrenMs;
  for (const [childPid, child] of all) if (child.parentPid === pid) sum += treeMs(childPid, all);
  return sum;
}

function readAllTimes(): Map<number, ProcessTimes> {
  const all = new Map<number, ProcessTimes>();
  for (const entry of readFolder('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const times = readTimes(pid);
    if (times !== undefined) all.set(pid, times);
  }
  return all;
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readTimes(pid: number): ProcessTimes | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the program's name in brackets, may hold spaces; the rest are numbers, from the third on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (number: number): number => Number(fields[number - 3]);
    return {
      parentPid: field(4),
      ownMs: (field(14) + field(15)) * TICK_MS,
      endedChildrenMs: (field(16) + field(17)) * TICK_MS,
    };
  } catch {
    // It has just ended; its parent counts it.
    return undefined;
  }
}
