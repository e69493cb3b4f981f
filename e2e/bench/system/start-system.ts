import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Database, migrate, openDatabase } from '@arcrun/database';
import { createDatabase } from '@arcrun/database/testing';
import { findFreePort, startRedis } from '@arcrun/local';
import { type RunningProcess, startProcess } from '../../harness/processes.ts';
import type { GeneratorCommands } from '../parties/generator.ts';
import type { ReceiverCommands } from '../parties/receiver.ts';
import { type Party, startParty } from './party.ts';
import type { Servers } from './start-servers.ts';
import { freePort } from '../../harness/free-port.ts';

const PROJECT = resolve(import.meta.dirname, '../../..');

type ProcessName = 'api' | 'worker' | 'postgres' | 'redis' | 'receiver' | 'generator';

/** The system under test with one API and one worker, in an empty database, and the two who play the world. */
export interface System {
  readonly apiUrl: string;
  readonly receiverUrl: string;
  readonly receiver: Party<ReceiverCommands>;
  readonly generator: Party<GeneratorCommands>;
  /** The database under test; nothing is connected to it through this before its first query. */
  readonly database: Database;
  readonly databaseUrl: string;
  /** The process id of each. */
  pids(): Readonly<Record<ProcessName, number>>;
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly servers: Servers;
  /** Of the database and the files of this system. */
  readonly name: string;
  /** Where the API and the worker leave CPU profiles when they stop. */
  readonly profileFolder: string | undefined;
}

/** Starts the built processes and waits until they are ready. */
export async function startSystem({ servers, name, profileFolder }: SystemOptions): Promise<System> {
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
    const receiver = await keep(startParty<ReceiverCommands>('receiver.ts'));
    const generator = await keep(startParty<GeneratorCommands>('generator.ts'));
    const [apiPort, workerPort] = await freePorts();
    const apiUrl = `http://127.0.0.1:${apiPort}`;
    const settings = {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      HOST_URL: apiUrl,
      PORT: String(apiPort),
      WORKER_PORT: String(workerPort),
      SKIP_SSRF_VALIDATION: '1',
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'text',
    };
    const flags = await profileFlags(profileFolder && join(profileFolder, name));
    const launch = (part: 'api' | 'worker', url: string): Promise<RunningProcess> =>
      keep(startProcess(part, join(PROJECT, 'packages', part, 'dist/main.js'), url, settings, flags(part)));
    const startWorker = () => launch('worker', `http://127.0.0.1:${workerPort}`);
    const api = await launch('api', apiUrl);
    let worker = await startWorker();
    return {
      apiUrl,
      receiverUrl: await receiver.ask('url'),
      receiver,
      generator,
      database,
      databaseUrl,
      pids: () => ({
        api: api.child.pid!,
        worker: worker.child.pid!,
        postgres: servers.postgres.pid,
        redis: redis.pid,
        receiver: receiver.pid,
        generator: generator.pid,
      }),
      stopWorker: async () => {
        await worker.stop();
      },
      startWorker: async () => {
        worker = await startWorker();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openMigrated(url: string): Promise<Database> {
  const database = openDatabase({
    url,
    maxSize: 2,
    minIdle: 0,
    acquireTimeoutMs: 10_000,
    applicationName: 'arcrun-bench',
    // The server stops after us; a connection that breaks is seen by the next query.
    onIdleError: () => undefined,
  });
  await migrate(database.db, join(PROJECT, 'migrations'));
  return database;
}

async function freePorts(): Promise<[number, number]> {
  const first = await freePort();
  return [first, await findFreePort(first + 1, new Set([first]))];
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
