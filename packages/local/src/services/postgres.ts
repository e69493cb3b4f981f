import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findFreePort } from './free-port.ts';
import { takeLock } from './owned-folder.ts';
import { findNativeDir } from './postgres-binaries.ts';
import { DATABASE, USER, checkVersion, cleanEnvironment, createCluster } from './postgres-cluster.ts';
import { type PostgresIdentity, type PostgresRunAs, choosePostgresIdentity } from './postgres-identity.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { commandLine, isAlive } from './process-identity.ts';
import {
  type RunningService,
  delay,
  endProcess,
  fileSize,
  readLogTail,
  spawnService,
  whenExited,
  whenReady,
} from './service-process.ts';
import { StartupError, explainSystemError } from './startup-error.ts';

const START_TIMEOUT_MS = 60_000;
const END_STEPS = [
  { signal: 'SIGINT', timeoutMs: 15_000 },
  { signal: 'SIGQUIT', timeoutMs: 5_000 },
  { signal: 'SIGKILL', timeoutMs: 2_000 },
] as const;

export interface PostgresOptions {
  /** A folder of its own: cluster, password and log lie in it. Made when it is not there. */
  dataDir: string;
  /** Tried first; falls to a free one. */
  port?: number;
  /** Whether a commit survives a power cut (Postgres' defaults). False, for tests, is several times faster. Default true. */
  durable?: boolean;
  /** More server settings, as in postgresql.conf. */
  settings?: Readonly<Record<string, string | number | boolean>>;
  onProgress?: (message: string) => void;
  /** For tests: an identity that this machine would not choose. */
  runAs?: PostgresRunAs;
}

/** Ends the server that a killed parent left on this cluster, and clears a pid file whose number is somebody else's now. */
async function endOrphan(clusterDir: string, onProgress: (message: string) => void): Promise<void> {
  const pidFile = join(clusterDir, 'postmaster.pid');
  const found = readPostmasterFile(pidFile);
  if (!found) {
    rmSync(pidFile, { force: true });
    return;
  }
  const isOurs = isAlive(found.pid) && (commandLine(found.pid)?.includes(clusterDir) ?? false);
  if (isOurs) {
    onProgress(`Ending PostgreSQL (pid ${found.pid}), which an earlier run left behind`);
    if (!(await endProcess(found.pid, END_STEPS))) {
      throw new StartupError(
        `PostgreSQL of an earlier run can't be ended: end process ${found.pid}, then start again.`,
      );
    }
  }
  rmSync(pidFile, { force: true });
}

function serverArguments(options: PostgresOptions, clusterDir: string, port: number): string[] {
  const durable = options.durable ?? true;
  const settings: Record<string, string | number | boolean> = {
    listen_addresses: '127.0.0.1',
    // A socket's path may hold 107 bytes, less than many a project's folder; TCP is enough.
    unix_socket_directories: '',
    port,
    max_connections: 200,
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: false,
    ...(durable
      ? {}
      : { fsync: false, synchronous_commit: false, full_page_writes: false, autovacuum_naptime: '5s' }),
    ...options.settings,
  };
  const args = ['-D', clusterDir];
  for (const [name, value] of Object.entries(settings)) {
    args.push('-c', `${name}=${typeof value === 'boolean' ? (value ? 'on' : 'off') : value}`);
  }
  return args;
}

async function launch(
  options: PostgresOptions,
  identity: PostgresIdentity,
  clusterDir: string,
  port: number,
): Promise<{ pid: number; exited: Promise<string> } | { failed: string }> {
  const logFile = join(options.dataDir, 'postgres.log');
  const logStart = fileSize(logFile);
  const child = spawnService({
    command: [join(identity.nativeDir, 'bin/postgres'), ...serverArguments(options, clusterDir, port)],
    prefix: identity.prefix,
    cwd: identity.clusterParent,
    env: cleanEnvironment(),
    logFile,
    parentDeathSignal: 'SIGINT',
    ...(identity.uid === undefined ? {} : { uid: identity.uid }),
    ...(identity.gid === undefined ? {} : { gid: identity.gid }),
  });
  const exited = whenExited(child);
  child.unref();
  const problem = await whenReady(
    exited,
    () => {
      const state = readPostmasterFile(join(clusterDir, 'postmaster.pid'));
      return state?.pid === child.pid && state?.status === 'ready';
    },
    START_TIMEOUT_MS,
  );
  if (problem === undefined && child.pid !== undefined) return { pid: child.pid, exited };
  if (child.pid !== undefined) await endProcess(child.pid, END_STEPS);
  return { failed: readLogTail(logFile, logStart) || (problem ?? '') };
}

async function startServer(
  options: PostgresOptions,
  identity: PostgresIdentity,
  clusterDir: string,
): Promise<{ pid: number; port: number; exited: Promise<string> }> {
  let port = await findFreePort(options.port);
  for (let attempt = 1; ; attempt += 1) {
    const result = await launch(options, identity, clusterDir, port);
    if ('pid' in result) return { ...result, port };
    if (attempt < 5 && /could not bind|Address already in use/i.test(result.failed)) {
      port = await findFreePort();
    } else if (attempt < 20 && /shared memory block.*still in use/i.test(result.failed)) {
      // The backends of a killed server go on for a moment.
      await delay(250);
    } else if (/No space left/i.test(result.failed)) {
      throw new StartupError(`The disk that holds ${clusterDir} is full: free some space, then start again.`);
    } else {
      throw new StartupError(
        `The embedded PostgreSQL did not start; see ${join(options.dataDir, 'postgres.log')}: ${result.failed}`,
      );
    }
  }
}

/**
 * Starts an embedded PostgreSQL on 127.0.0.1 and waits until it takes connections. The data survive a stop; a server that
 * a killed parent left on the same folder is ended first. Call it in the main thread of a process: the
 * server ends with the thread that started it (Linux).
 * @throws StartupError with one sentence that says what to do
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningService> {
  const onProgress = options.onProgress ?? (() => undefined);
  try {
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
    const lock = takeLock(join(options.dataDir, 'owner.lock'));
    if ('heldBy' in lock) {
      throw new StartupError(
        `The PostgreSQL in ${options.dataDir} is in use by process ${lock.heldBy.pid}: end that first.`,
      );
    }
    try {
      return await startOwned({ ...options, dataDir: resolve(options.dataDir) }, onProgress, lock.release);
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    throw explainSystemError(error, options.dataDir);
  }
}

async function startOwned(
  options: PostgresOptions,
  onProgress: (message: string) => void,
  release: () => void,
): Promise<RunningService> {
  const identity = choosePostgresIdentity(findNativeDir(), options.dataDir, options.runAs);
  const clusterDir = join(identity.clusterParent, 'cluster');
  const passwordFile = join(options.dataDir, 'password');
  const durable = options.durable ?? true;
  await endOrphan(clusterDir, onProgress);
  if (!existsSync(join(clusterDir, 'PG_VERSION')) || !existsSync(passwordFile)) {
    if (existsSync(clusterDir) && readdirSync(clusterDir).length > 0) {
      throw new StartupError(
        `The database in ${clusterDir} is broken (PG_VERSION or ${passwordFile} is missing): move ${clusterDir} away, then start again with an empty one.`,
      );
    }
    rmSync(clusterDir, { recursive: true, force: true });
    onProgress('Creating the PostgreSQL database');
    createCluster(identity, clusterDir, passwordFile, durable);
  } else {
    checkVersion(identity, clusterDir);
  }
  const server = await startServer(options, identity, clusterDir);
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await endProcess(server.pid, END_STEPS);
    if (identity.runAs === 'nobody' && !durable)
      rmSync(identity.clusterParent, { recursive: true, force: true });
    release();
  };
  return {
    url: `postgres://${USER}:${readFileSync(passwordFile, 'utf8').trim()}@127.0.0.1:${server.port}/${DATABASE}`,
    port: server.port,
    pid: server.pid,
    exited: server.exited,
    stop: () => (stopping ??= stop()),
  };
}
