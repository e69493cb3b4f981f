import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A disk that is soon full. */
export interface SmallDisk {
  /** Where Postgres may keep tables. */
  readonly folder: string;
  /** Takes all that is left. */
  fill(): Promise<void>;
  /** Gives it back. */
  free(): Promise<void>;
  unmount(): Promise<void>;
}

/** @returns null where nothing can be mounted */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk | null> {
  const mounted = await mkdtemp(join(tmpdir(), 'arcrun-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=777`, 'tmpfs', mounted]);
  } catch {
    await rm(mounted, { recursive: true, force: true });
    return null;
  }
  const folder = join(mounted, 'tables');
  const filler = join(mounted, 'filler');
  await mkdir(folder);
  return {
    folder,
    // It ends with an error when the disk is full.
    fill: () => run('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']).then(noMatter, noMatter),
    free: () => rm(filler, { force: true }),
    unmount: async () => {
      await run('umount', ['--lazy', mounted]);
      await rm(mounted, { recursive: true, force: true });
    },
  };
}

const noMatter = (): void => undefined;
