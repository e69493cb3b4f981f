import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir, stateDir } from '../services/cache-folder.ts';
import { findFreePort } from '../services/free-port.ts';
import { startPostgres } from '../services/postgres.ts';
import { startRedis } from '../services/redis.ts';
import { type Services, startServices } from '../services/services.ts';
import { StartupError } from '../services/startup-error.ts';
import { watchService } from '../services/watch-service.ts';
import { type SupervisedProcess, superviseProcess } from './supervised-process.ts';

const POSTGRES_PORT = 54320;
const REDIS_PORT = 63790;
const RECEIVER_PORT = 8090;

/** The scripts that the stack runs. */
export interface StackScripts {
  migrate: string;
  api: string;
  worker: string;
  receiver: string;
}

export const builtScripts: StackScripts = {
  migrate: join(projectDir, 'packages/api/dist/migrate.js'),
  api: join(projectDir, 'packages/api/dist/main.js'),
  worker: join(projectDir, 'packages/worker/dist/main.js'),
  receiver: join(projectDir, 'packages/local/src/receiver/main.ts'),
};

export interface StackOptions {
  workers: number;
  scripts: StackScripts;
  env: NodeJS.ProcessEnv;
  say: (message: string) => void;
  /** Aborts the start; what was started by then is in `parts`. */
  signal: AbortSignal;
  /** Told when the stack can't go on. */
  onLost: (reason: unknown) => void;
  /** Everything that was started so far, to be stopped with {@link stopParts}. */
  parts: StackPart[];
}

/** The order of stopping: nobody is stopped before those who call it. */
const STAGES = ['process', 'receiver', 'redis', 'postgres'] as const;

export interface StackPart {
  stage: (typeof STAGES)[number];
  stop: () => Promise<void>;
  kill: () => void;
}

export interface Stack {
  services: Services;
  apiUrl: string;
  receiverUrl: string;
  /** What the API asks for, when it asks for one. */
  token: string | undefined;
  api: SupervisedProcess;
  workers: { process: SupervisedProcess; url: string }[];
  receiver: SupervisedProcess;
  logDir: string;
}

/** Runs the migrations to their end. What they print goes to `say`. */
export function runMigrations(
  script: string,
  env: NodeJS.ProcessEnv,
  say: (message: string) => void = () => undefined,
): Promise<void> {
  requireBuilt(script);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script], { env, cwd: projectDir }, (error, stdout, stderr) => {
      if (error === null) {
        if (stdout.trim() !== '') say(stdout.trim());
        resolve();
      } else reject(new StartupError(`The migrations failed:\n${`${stdout}${stderr}`.trim()}`));
    });
  });
}

function requireBuilt(script: string): void {
  if (!existsSync(script)) {
    throw new StartupError(`${script} is not there: run "npm run build" and look at what it says.`);
  }
}

/**
 * A port for a process; says so when it is not the one that was asked for.
 * @param wanted ports that others would like to have: not taken in place of the preferred one
 */
async function choosePort(
  name: string,
  preferred: number,
  taken: Set<number>,
  say: (message: string) => void,
  wanted: readonly number[] = [],
): Promise<number> {
  const port = await findFreePort(preferred, new Set([...taken, ...wanted]));
  taken.add(port);
  sayMoved(name, preferred, port, say);
  return port;
}

function sayMoved(name: string, preferred: number, port: number, say: (message: string) => void): void {
  if (port !== preferred) say(`Port ${preferred} is taken: ${name} uses ${port}`);
}

function portOf(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new StartupError(`${name} must be a port from 1 to 65535, not "${text}".`);
}

async function startWatchedServices(options: StackOptions): Promise<Services> {
  const { say, env, onLost, parts } = options;
  const services = await startServices({
    env,
    postgresPort: POSTGRES_PORT,
    redisPort: REDIS_PORT,
    onProgress: say,
  });
  const { postgres, redis } = services;
  if (postgres) {
    const restart = () => startPostgres({ dataDir: join(stateDir, 'postgres'), port: postgres.port });
    const killSignal = 'SIGQUIT';
    const watched = watchService({ name: 'PostgreSQL', service: postgres, restart, killSignal, say, onLost });
    parts.push({ ...watched, stage: 'postgres' });
    sayMoved('PostgreSQL', POSTGRES_PORT, postgres.port, say);
  }
  if (redis) {
    const restart = () => startRedis({ dataDir: join(stateDir, 'redis'), port: redis.port });
    const watched = watchService({
      name: 'Redis',
      service: redis,
      restart,
      killSignal: 'SIGKILL',
      say,
      onLost,
    });
    parts.push({ ...watched, stage: 'redis' });
    sayMoved('Redis', REDIS_PORT, redis.port, say);
  }
  return services;
}

/**
 * Starts everything: Postgres and Redis, the migrations, the receiver, the API and the workers, and waits
 * until each of them is ready.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { say, env, signal, parts, scripts } = options;
  for (const script of Object.values<string>({ ...scripts })) requireBuilt(script);
  const logDir = join(stateDir, 'logs');
  rmSync(logDir, { recursive: true, force: true });
  mkdirSync(logDir, { recursive: true });

  const services = await startWatchedServices(options);
  signal.throwIfAborted();
  const shared: NodeJS.ProcessEnv = {
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'text',
    NODE_ENV: 'production',
    SKIP_SSRF_VALIDATION: '1',
    ...env,
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
  };
  const taken = new Set<number>();
  const firstWorkerPort = portOf(env.WORKER_PORT, 'WORKER_PORT', 8086);
  const workerPorts = Array.from({ length: options.workers }, (_, index) => firstWorkerPort + index);
  const apiPort = await choosePort('the API', portOf(env.PORT, 'PORT', 8085), taken, say, workerPorts);
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  shared.HOST_URL = env.HOST_URL || apiUrl;
  await runMigrations(scripts.migrate, { ...shared, PORT: String(apiPort) });
  signal.throwIfAborted();

  const launch = (
    name: string,
    script: string,
    own: NodeJS.ProcessEnv,
    readyUrl: string,
  ): SupervisedProcess => {
    const logFile = join(logDir, `${name.replaceAll(' ', '-')}.log`);
    const started = superviseProcess({ name, script, env: { ...shared, ...own }, logFile, readyUrl, say });
    parts.push({
      stage: name === 'receiver' ? 'receiver' : 'process',
      stop: started.stop,
      kill: started.kill,
    });
    return started;
  };
  const ports: number[] = [];
  for (const [index, preferred] of workerPorts.entries()) {
    ports.push(await choosePort(`worker ${index + 1}`, preferred, taken, say));
  }
  // Above the workers' ports, whose number varies, so that it seldom has to move.
  const receiverPort = await findFreePort(Math.max(RECEIVER_PORT, firstWorkerPort + options.workers), taken);
  const receiverUrl = `http://127.0.0.1:${receiverPort}`;
  const token = env.AUTH_TOKEN?.split(',', 1)[0]?.trim();
  const receiver = launch(
    'receiver',
    scripts.receiver,
    { PORT: String(receiverPort), ARCRUN_TOKEN: token },
    `${receiverUrl}/health`,
  );
  const api = launch('API', scripts.api, { PORT: String(apiPort) }, `${apiUrl}/ready`);
  const workers = ports.map((port, index) => {
    const url = `http://127.0.0.1:${port}`;
    const own = { PORT: String(apiPort), WORKER_PORT: String(port) };
    return { url, process: launch(`worker ${index + 1}`, scripts.worker, own, `${url}/ready`) };
  });
  await Promise.all(
    [receiver, api, ...workers.map((worker) => worker.process)].map((part) => part.ready(signal)),
  );
  return { services, apiUrl, receiverUrl, token, api, workers, receiver, logDir };
}

/** Stops the parts, those of one stage together. */
export async function stopParts(parts: readonly StackPart[]): Promise<void> {
  for (const stage of STAGES) {
    await Promise.all(parts.filter((part) => part.stage === stage).map((part) => part.stop()));
  }
}
