import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { cacheDir as projectCacheDir } from './cache-folder.ts';
import { findFreePort } from './free-port.ts';
import { findPooler, type PoolerBinary } from './pooler-binary.ts';
import {
  type RunningService,
  endProcess,
  fileSize,
  readLogTail,
  spawnService,
  whenExited,
  whenReady,
} from './service-process.ts';
import { StartupError } from './startup-error.ts';
import { userNamespace } from './user-namespace.ts';

/** That of pgbouncer; the next free one is taken when it is not. */
const PORT = 6432;
const START_TIMEOUT_MS = 20_000;
const END_STEPS = [
  // At once: its clients have gone before it, or are meant to see it go.
  { signal: 'SIGTERM', timeoutMs: 5_000 },
  { signal: 'SIGKILL', timeoutMs: 2_000 },
] as const;

export interface PoolerOptions {
  /** A folder of its own: settings, passwords and log lie in it. Made when it is not there. */
  dataDir: string;
  /** The Postgres behind it. Each of its databases can be reached, by the user of this URL. */
  databaseUrl: string;
  /** More settings, as in pgbouncer.ini. */
  settings?: Readonly<Record<string, string | number>>;
}

/** Written to files that only we can read: a command line is seen by everybody. */
function writeConfig({ dataDir, databaseUrl, settings }: PoolerOptions, port: number): void {
  const { hostname, port: targetPort, username, password } = new URL(databaseUrl);
  const lines = Object.entries({
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    pool_mode: 'transaction',
    auth_type: 'md5',
    auth_file: 'users.txt',
    // May use its console, which is a database of the name "pgbouncer".
    admin_users: decodeURIComponent(username),
    max_client_conn: 2000,
    // Few enough that clients do share connections.
    default_pool_size: 20,
    // Without these a client waits for minutes while Postgres is away.
    server_login_retry: 1,
    query_wait_timeout: 10,
    client_login_timeout: 10,
    log_connections: 0,
    log_disconnections: 0,
    ...settings,
  }).map(([name, value]) => `${name} = ${value}\n`);
  const target = `* = host=${hostname} port=${targetPort || 5432}\n`;
  const user = (text: string): string => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
  const mode = { mode: 0o600 };
  writeFileSync(join(dataDir, 'users.txt'), `${user(username)} ${user(password)}\n`, mode);
  writeFileSync(
    join(dataDir, 'pgbouncer.ini'),
    `[databases]\n${target}\n[pgbouncer]\n${lines.join('')}`,
    mode,
  );
}

/** It refuses to run as root: then it runs in a user namespace or, where there are none, changes to nobody by itself. */
function commandOf({ program, env }: PoolerBinary): {
  prefix: readonly string[];
  command: readonly string[];
} {
  const command = [program, 'pgbouncer.ini'];
  if (process.getuid?.() !== 0) return { prefix: [], command };
  const prefix = userNamespace([program, '--version'], env);
  return prefix === undefined
    ? { prefix: [], command: [program, '--user=nobody', 'pgbouncer.ini'] }
    : { prefix, command };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

/**
 * Starts a pgbouncer in transaction mode on 127.0.0.1, and waits until it takes connections: the pooler that is
 * hardest to please, with nothing kept from one transaction to the next. For tests and measurements.
 *
 * @returns its `url` is that of the database, by way of the pooler
 * @throws StartupError with one sentence that says what to do
 */
export async function startPooler(options: PoolerOptions): Promise<RunningService> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const binary = await findPooler(projectCacheDir);
  const port = await findFreePort(PORT);
  writeConfig({ ...options, dataDir }, port);
  const logFile = join(dataDir, 'pgbouncer.log');
  const logStart = fileSize(logFile);
  const child = spawnService({
    ...commandOf(binary),
    cwd: dataDir,
    env: binary.env,
    logFile,
    parentDeathSignal: 'SIGTERM',
  });
  const exited = whenExited(child);
  child.unref();
  const problem = await whenReady(exited, () => accepts(port), START_TIMEOUT_MS);
  const { pid } = child;
  if (problem !== undefined || pid === undefined) {
    if (pid !== undefined) await endProcess(pid, END_STEPS);
    throw new StartupError(
      `pgbouncer did not start; see ${logFile}: ${readLogTail(logFile, logStart) || problem}`,
    );
  }
  const url = new URL(options.databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    port,
    pid,
    exited,
    stop: async () => {
      await endProcess(pid, END_STEPS);
    },
  };
}
