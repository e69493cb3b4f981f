import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ArcRunClient, createClient } from '@arcrun/client';
import { createTestDatabase, type TestDatabase } from '@arcrun/database/testing';
import { type RunningService, startRedis } from '@arcrun/local';
import { expect, inject } from 'vitest';
import { type Receiver, startReceiver } from './receiver.ts';
import { type RunningProcess, startProcess } from './processes.ts';
import { freePort } from './free-port.ts';

/** Metrics of what the sweep found wrong. */
const MENDED = ['lost_doorbells_total', 'places_mended_total'];
const PACKAGES = resolve(import.meta.dirname, '../../packages');

export interface StackOptions {
  readonly apis?: number;
  readonly workers?: number;
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * The test ends processes, cuts them off or puts work past the API, so that there is something for the sweep to find.
   * Without that, close() demands that there was nothing.
   */
  readonly hasFaults?: boolean;
  /** The database that is copied; by default the one of the shared Postgres. */
  readonly templateUrl?: string;
  /** By which way the processes reach Postgres and Redis; without one, directly. */
  readonly ways?: {
    readonly database?: (url: string) => Promise<string>;
    readonly redis?: (url: string) => Promise<string>;
  };
}

/** The whole system as it runs in production, one process each, with a database and a Redis of its own. */
export interface Stack {
  /** HOST_URL: what handles begin with. */
  readonly hostUrl: string;
  readonly apis: readonly RunningProcess[];
  readonly workers: readonly RunningProcess[];
  /** One client for each API process. */
  readonly clients: readonly ArcRunClient[];
  readonly client: ArcRunClient;
  readonly receiver: Receiver;
  readonly database: TestDatabase;
  readonly redis: RunningService;
  /** Ends Redis as a crash would; what was in it is gone. */
  killRedis(): Promise<void>;
  /** Starts it again, empty, at the same address. */
  restartRedis(): Promise<void>;
  /** On a free port, unless `PORT` is among the settings, which go before those of the stack. */
  startApi(settings?: Readonly<Record<string, string>>): Promise<RunningProcess>;
  startWorker(settings?: Readonly<Record<string, string>>): Promise<RunningProcess>;
  /** The sum of a metric over all processes and label values. */
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

export async function startStack({
  apis = 2,
  workers = 3,
  settings = {},
  hasFaults = false,
  templateUrl = inject('templateUrl'),
  ways = {},
}: StackOptions = {}): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'arcrun-e2e-'));
  const ownRedis = { dataDir: join(folder, 'redis'), durable: false };
  const [database, firstRedis, receiver] = await Promise.all([
    createTestDatabase(templateUrl),
    startRedis(ownRedis),
    startReceiver(),
  ]);
  let redis = firstRedis;
  const ports = new Set<number>();
  const ownPort = async (): Promise<number> => {
    const port = await freePort(ports);
    ports.add(port);
    return port;
  };
  const hostPort = await ownPort();
  const shared = {
    DATABASE_URL: (await ways.database?.(database.url)) ?? database.url,
    REDIS_URL: (await ways.redis?.(redis.url)) ?? redis.url,
    HOST_URL: `http://127.0.0.1:${hostPort}`,
    SKIP_SSRF_VALIDATION: '1',
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'text',
    ...settings,
  };
  const running = { apis: [] as RunningProcess[], workers: [] as RunningProcess[] };
  const startApi = async (own: Readonly<Record<string, string>> = {}): Promise<RunningProcess> => {
    const port = own['PORT'] ?? String(await ownPort());
    const script = join(PACKAGES, 'api/dist/main.js');
    const env = { ...shared, ...own, PORT: port };
    const api = await startProcess(`API ${running.apis.length + 1}`, script, `http://127.0.0.1:${port}`, env);
    running.apis.push(api);
    return api;
  };
  const startWorker = async (own: Readonly<Record<string, string>> = {}): Promise<RunningProcess> => {
    const port = await ownPort();
    const script = join(PACKAGES, 'worker/dist/main.js');
    const env = { ...shared, ...own, WORKER_PORT: String(port) };
    const name = `worker ${running.workers.length + 1}`;
    const worker = await startProcess(name, script, `http://127.0.0.1:${port}`, env);
    running.workers.push(worker);
    return worker;
  };
  // The first API is the one that handles point to.
  await Promise.all([
    ...Array.from({ length: apis }, (_, index) => startApi(index === 0 ? { PORT: String(hostPort) } : {})),
    ...Array.from({ length: workers }, () => startWorker()),
  ]);
  const inOrder = running.apis.toSorted((a, b) =>
    a.url === shared.HOST_URL ? -1 : b.url === shared.HOST_URL ? 1 : 0,
  );
  const token = settings['AUTH_TOKEN']?.split(',', 1)[0];
  const clients = inOrder.map((api) => createClient({ url: api.url, token }));

  const metric = (name: string) => sumOfMetric([...running.apis, ...running.workers], name, token);

  return {
    hostUrl: shared.HOST_URL,
    ...running,
    clients,
    client: clients[0]!,
    receiver,
    database,
    get redis() {
      return redis;
    },
    killRedis: async () => {
      process.kill(redis.pid, 'SIGKILL');
      // Of the process nothing is left; this gives its folder back.
      await redis.stop();
    },
    restartRedis: async () => {
      redis = await startRedis({ ...ownRedis, port: redis.port });
    },
    startApi,
    startWorker,
    metric,
    close: async () => {
      const mended = hasFaults ? [] : await Promise.all(MENDED.map(metric));
      const printed = [...running.apis, ...running.workers].map(({ name, output }) => `${name}: ${output()}`);
      await Promise.all([...running.apis, ...running.workers].map((each) => each.stop()));
      await receiver.close();
      await redis.stop();
      await database.close();
      await rm(folder, { recursive: true, force: true });
      expect(mended, `${MENDED.join(', ')}\n${printed.join('\n')}`).toEqual(mended.map(() => 0));
    },
  };
}

/** Resolves once the task was called. */
export async function untilRunning(client: ArcRunClient, taskId: string): Promise<void> {
  const status = async (): Promise<string> => (await client.getTask(taskId)).status;
  await expect.poll(status, { timeout: 20_000 }).toBe('Running');
}

async function sumOfMetric(
  processes: readonly RunningProcess[],
  name: string,
  token: string | undefined,
): Promise<number> {
  const alive = processes.filter(({ child }) => child.exitCode === null && child.signalCode === null);
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const texts = await Promise.all(
    alive.map(async ({ url }) => (await fetch(`${url}/metrics`, { headers })).text()),
  );
  const line = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm');
  return texts.flatMap((text) => [...text.matchAll(line)]).reduce((sum, [, value]) => sum + Number(value), 0);
}
