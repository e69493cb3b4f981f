import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Database } from '@arcrun/database';
import { createDatabase } from '@arcrun/database/testing';
import { startPooler, startRedis } from '@arcrun/local';
import { type RunningProcess, startProcess } from '../../harness/processes.ts';
import type { GeneratorCommands } from '../parties/generator.ts';
import type { ReceiverCommands } from '../parties/receiver.ts';
import { openMigrated } from './open-migrated.ts';
import { type Party, startParty } from './party.ts';
import type { Servers } from './start-servers.ts';
import { freePort } from '../../harness/free-port.ts';

const PROJECT = resolve(import.meta.dirname, '../../..');

/** Whose cost is told: those of the system, and the two who play the world. */
export type ProcessName = 'api' | 'worker' | 'postgres' | 'redis' | 'receiver' | 'generator';

/** The system under test with one API and one worker at first, in a database of its own, and the two others. */
export interface System {
  readonly apiUrl: string;
  readonly receiverUrl: string;
  readonly receiver: Party<ReceiverCommands>;
  readonly generator: Party<GeneratorCommands>;
  /** The database under test; nothing is connected to it through this before its first query. */
  readonly database: Database;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The process ids of each, as of now. */
  pids(): Readonly<Record<ProcessName, readonly number[]>>;
  /** Starts or stops worker processes until there are that many. */
  setWorkers(count: number): Promise<void>;
  /** Ends the API as a crash would, and starts it again at the same address. */
  crashApi(): Promise<void>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly servers: Servers;
  /** Of the database and the files of this system. */
  readonly name: string;
  /** Of the environment of API and workers, beside those that every scenario has. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where the API and the workers leave CPU profiles when they stop. */
  readonly profileFolder: string | undefined;
}

/** Starts the built processes and waits until they are ready. */
export async function startSystem({
  servers,
  name,
  settings: own,
  profileFolder,
}: SystemOptions): Promise<System> {
  const started: { stop(): Promise<unknown> }[] = [];
  /** Stopped in reverse. */
  const keep = async <T extends { stop(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
    const one = await starting;
    started.push(one);
    return one;
  };
  const stop = async (): Promise<void> => {
    for (const one of started.splice(0).toReversed()) await one.stop();
  };
  try {
    const databaseUrl = await createDatabase(servers.postgres.url, name);
    const database = await openMigrated(databaseUrl);
    started.push({ stop: () => database.close() });
    const redis = await keep(startRedis({ dataDir: join(servers.folder, name), durable: false }));
    const pooler = servers.isProxied
      ? await keep(startPooler({ dataDir: join(servers.folder, `${name}-pooler`), databaseUrl }))
      : undefined;
    const receiver = await keep(startParty<ReceiverCommands>('receiver.ts'));
    const generator = await keep(startParty<GeneratorCommands>('generator.ts'));
    const apiPort = await freePort();
    const apiUrl = `http://127.0.0.1:${apiPort}`;
    const settings = {
      DATABASE_URL: pooler?.url ?? databaseUrl,
      REDIS_URL: redis.url,
      HOST_URL: apiUrl,
      PORT: String(apiPort),
      SKIP_SSRF_VALIDATION: '1',
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'text',
      ...own,
    };
    const flags = await profileFlags(profileFolder && join(profileFolder, name));
    const launch = (part: 'api' | 'worker', port: number): Promise<RunningProcess> =>
      keep(
        startProcess(
          part,
          join(PROJECT, 'packages', part, 'dist/main.js'),
          `http://127.0.0.1:${port}`,
          { ...settings, WORKER_PORT: String(port) },
          flags(part),
        ),
      );
    let api = await launch('api', apiPort);
    const workers: RunningProcess[] = [];
    const setWorkers = async (count: number): Promise<void> => {
      while (workers.length > count) await workers.pop()!.stop();
      while (workers.length < count) workers.push(await launch('worker', await freePort()));
    };
    await setWorkers(1);
    return {
      apiUrl,
      receiverUrl: await receiver.ask('url'),
      receiver,
      generator,
      database,
      databaseUrl,
      redisUrl: redis.url,
      pids: () => ({
        api: [api.child.pid!],
        worker: workers.map(({ child }) => child.pid!),
        postgres: [servers.postgres.pid, ...(pooler === undefined ? [] : [pooler.pid])],
        redis: [redis.pid],
        receiver: [receiver.pid],
        generator: [generator.pid],
      }),
      setWorkers,
      crashApi: async () => {
        await api.kill();
        api = await launch('api', apiPort);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function profileFlags(folder: string | undefined): Promise<(part: string) => string[]> {
  if (folder === undefined) return () => [];
  await mkdir(folder, { recursive: true });
  return (part) => [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
    `--cpu-prof-name=${part}-${Date.now()}.cpuprofile`,
  ];
}
