import { readFileSync, writeFileSync } from 'node:fs';

/** Forgets the peaks so far: from now on a new one counts (proc(5), clear_refs). */
export function forgetPeakMemory(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // Not this system's /proc: the peak since the start of the process stands.
    }
  }
}

/** The largest resident set of a process since then, in MB; NaN where there is no /proc. */
export const readPeakMemoryMb = (pid: number): number => readStatusMb(pid, 'VmHWM');

/** The resident set of a process now, in MB; NaN where there is no /proc. */
export const readMemoryMb = (pid: number): number => readStatusMb(pid, 'VmRSS');

function readStatusMb(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}
