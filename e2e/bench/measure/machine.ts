import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { clockMs } from './clock.ts';
import { median } from './distribution.ts';

/** What numbers hang on besides the code. */
export interface MachineDescription {
  readonly cores: number;
  readonly processor: string;
  readonly node: string;
  /** Processes that wanted a core in the last minute, before the benchmark began. */
  readonly load: number;
  /** How long it takes to bring 8 kB to the disk. */
  readonly sync_ms: number;
}

/** @param folder on the disk that the database lies on */
export function describeMachine(folder: string): MachineDescription {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? '?',
    node: process.version,
    load: loadavg()[0]!,
    sync_ms: measureSyncMs(join(folder, 'sync-test')),
  };
}

/** Whether others wanted so much of it that what was measured then is not worth much. */
export const isBusy = ({ load, cores }: MachineDescription): boolean => load > cores / 2;

const SYNCS = 50;
const PAGE = Buffer.alloc(8192);

function measureSyncMs(file: string): number {
  const opened = openSync(file, 'w');
  const times = Array.from({ length: SYNCS }, () => {
    const beganMs = clockMs();
    writeSync(opened, PAGE, 0, PAGE.length, 0);
    fdatasyncSync(opened);
    return clockMs() - beganMs;
  });
  closeSync(opened);
  rmSync(file);
  return median(times);
}
