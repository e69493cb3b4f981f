import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { cacheDir as projectCacheDir } from './cache-folder.ts';
import { libraryEnvironment } from './debian-package.ts';
import { findFreePort } from './free-port.ts';
import { takeLock } from './owned-folder.ts';
import { commandLine, isAlive, workingFolder } from './process-identity.ts';
import { type RedisBinary, findRedis } from './redis-binary.ts';
import {
  type RunningService,
  endProcess,
  fileSize,
  readLogTail,
  spawnService,
  whenExited,
  whenReady,
} from './service-process.ts';
import { StartupError, explainSystemError } from './startup-error.ts';

const START_TIMEOUT_MS = 20_000;
const END_STEPS = [
  { signal: 'SIGTERM', timeoutMs: 10_000 },
  { signal: 'SIGKILL', timeoutMs: 2_000 },
] as const;

export interface RedisOptions {
  /** A folder of its own: data, settings and log lie in it. Made when it is not there. */
  dataDir: string;
  /** Tried first; falls to a free one. */
  port?: number;
  /** Whether the data are saved to disk at a stop and now and then. Default true. */
  durable?: boolean;
  /** More settings, as in redis.conf. */
  settings?: Readonly<Record<string, string>>;
  /** Where a fetched Redis is kept. Default: the project's cache folder. */
  cacheDir?: string;
  onProgress?: (message: string) => void;
}

function readPassword(file: string): string {
  try {
    const found = readFileSync(file, 'utf8').trim();
    if (found !== '') return found;
  } catch {
    // the first start
  }
  const password = randomBytes(18).toString('base64url');
  writeFileSync(file, password, { mode: 0o600 });
  return password;
}

/** Written to a file that only we can read: a command line is seen by everybody. */
function writeConfig(options: RedisOptions, port: number, password: string): string {
  const settings: Record<string, string> = {
    bind: '127.0.0.1',
    port: String(port),
    'protected-mode': 'yes',
    requirepass: password,
    daemonize: 'no',
    // Relative: the server is started in its folder, whose path may hold anything.
    dir: '.',
    pidfile: '""',
    save: options.durable === false ? '""' : '60 1000',
    appendonly: 'no',
    // A full disk must not stop the doorbells: what is in here can be derived again.
    'stop-writes-on-bgsave-error': 'no',
    // BullMQ loses jobs under any other.
    'maxmemory-policy': 'noeviction',
    ...options.settings,
  };
  const file = join(options.dataDir, 'redis.conf');
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  return file;
}

async function endOrphan(dataDir: string, onProgress: (message: string) => void): Promise<void> {
  const pidFile = join(dataDir, 'redis.pid');
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'utf8').trim());
  } catch {
    return;
  }
  const line = Number.isSafeInteger(pid) && pid > 0 && isAlive(pid) ? commandLine(pid) : undefined;
  if (line !== undefined && /redis|valkey/i.test(line) && (workingFolder(pid) ?? dataDir) === dataDir) {
    onProgress(`Ending Redis (pid ${pid}), which an earlier run left behind`);
    if (!(await endProcess(pid, END_STEPS))) {
      throw new StartupError(`Redis of an earlier run can't be ended: end process ${pid}, then start again.`);
    }
  }
  rmSync(pidFile, { force: true });
}

/** Asks a server once; the answer's first line, undefined when there is none. */
function ask(port: number, password: string, question: string): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    const finish = (answer: string | undefined): void => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(2_000, () => finish(undefined));
    socket.once('error', () => finish(undefined));
    socket.once('close', () => finish(undefined));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const lines = text.split('\r\n');
      if (lines.length >= 3) finish(lines[1]);
    });
    socket.write(`AUTH ${password}\r\n${question}\r\n`);
  });
}

async function launch(
  options: RedisOptions,
  binary: RedisBinary,
  port: number,
  password: string,
): Promise<{ pid: number; exited: Promise<string> } | { failed: string }> {
  const logFile = join(options.dataDir, 'redis.log');
  const logStart = fileSize(logFile);
  writeConfig(options, port, password);
  const child = spawnService({
    command: [binary.program, './redis.conf'],
    cwd: options.dataDir,
    env: libraryEnvironment(binary.libraryPath),
    logFile,
    parentDeathSignal: 'SIGTERM',
  });
  if (child.pid !== undefined) writeFileSync(join(options.dataDir, 'redis.pid'), `${child.pid}\n`);
  const exited = whenExited(child);
  child.unref();
  const problem = await whenReady(
    exited,
    // Only our server knows the password: a stranger on the port is not taken for it.
    async () => (await ask(port, password, 'PING')) === '+PONG',
    START_TIMEOUT_MS,
  );
  if (problem === undefined && child.pid !== undefined) return { pid: child.pid, exited };
  if (child.pid !== undefined) await endProcess(child.pid, END_STEPS);
  return { failed: readLogTail(logFile, logStart) || (problem ?? '') };
}

async function startServer(
  options: RedisOptions,
  binary: RedisBinary,
  password: string,
): Promise<{ pid: number; port: number; exited: Promise<string> }> {
  let port = await findFreePort(options.port);
  for (let attempt = 1; ; attempt += 1) {
    const result = await launch(options, binary, port, password);
    if ('pid' in result) return { ...result, port };
    if (
      attempt < 5 &&
      /Address already in use|Failed listening|could not create server/i.test(result.failed)
    ) {
      port = await findFreePort();
    } else {
      throw new StartupError(
        `The embedded Redis did not start; see ${join(options.dataDir, 'redis.log')}: ${result.failed}`,
      );
    }
  }
}

/**
 * Starts an embedded Redis (or Valkey) on 127.0.0.1 with `maxmemory-policy noeviction` and waits until it answers. A
 * server that a killed parent left on the same folder is ended first. Call it in the main thread of a
 * process: the server ends with the thread that started it (Linux).
 * @throws StartupError with one sentence that says what to do
 */
export async function startRedis(options: RedisOptions): Promise<RunningService> {
  const onProgress = options.onProgress ?? (() => undefined);
  const dataDir = resolve(options.dataDir);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const lock = takeLock(join(dataDir, 'owner.lock'));
    if ('heldBy' in lock) {
      throw new StartupError(
        `The Redis in ${dataDir} is in use by process ${lock.heldBy.pid}: end that first.`,
      );
    }
    try {
      await endOrphan(dataDir, onProgress);
      const binary = await findRedis(options.cacheDir ?? projectCacheDir, onProgress);
      const password = readPassword(join(dataDir, 'password'));
      const server = await startServer({ ...options, dataDir }, binary, password);
      let stopping: Promise<void> | undefined;
      const stop = async (): Promise<void> => {
        await endProcess(server.pid, END_STEPS);
        rmSync(join(dataDir, 'redis.pid'), { force: true });
        lock.release();
      };
      return {
        url: `redis://:${password}@127.0.0.1:${server.port}`,
        port: server.port,
        pid: server.pid,
        exited: server.exited,
        stop: () => (stopping ??= stop()),
      };
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    throw explainSystemError(error, dataDir);
  }
}
