import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createDatabase, dropDatabase } from '@arcrun/database/testing';
import { startRedis } from '@arcrun/local';
import { within } from '../scenarios/load.ts';
import { type Party, startParty } from '../system/party.ts';
import type { Servers } from '../system/start-servers.ts';
import type { LibraryName, ProducerCommands, WorkerCommands } from './commands.ts';
import { BATCH, CONCURRENCY, type Contestant, type TasksRun } from './contestant.ts';

/** The package that holds the libraries; no part of the workspace, so that it is not installed by default. */
const PACKAGE = resolve(import.meta.dirname, '../../peers');

/** The versions of the libraries by name, as their package pins them. */
export async function readVersions(): Promise<Readonly<Record<string, string>>> {
  const manifest = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return manifest.dependencies;
}

/** @throws when the libraries are not there */
export function requireLibraries(): void {
  if (!existsSync(join(PACKAGE, 'node_modules'))) {
    throw new Error('The peers are not installed: "npm run bench -- --peers" does it.');
  }
}

interface PeerOptions {
  readonly name: string;
  readonly library: LibraryName;
  readonly canFan: boolean;
}

/** Another queue: its producer in one process, its worker in another, as ArcRun's API and worker are. */
export function peer({ name, library, canFan }: PeerOptions): Contestant {
  return {
    name,
    async start(servers, databaseName) {
      const { producer, worker, redisPid, stop } = await startProcesses(library, servers, databaseName);
      /** Hands tasks over and waits for their ends. */
      const run = async (count: number, add: () => Promise<number>): Promise<TasksRun> => {
        await worker.ask('forget');
        const ran = within(`${count} tasks of ${name}`, worker.ask('untilRan', count));
        const [beganMs] = await Promise.all([add(), ran]);
        const storedMs = await within(`${count} ends of ${name}`, worker.ask('untilStored'));
        return { perSecond: (count / (storedMs - beganMs)) * 1000, starts: await worker.ask('starts') };
      };
      const runFan = async (width: number) =>
        (await run(width + 2, () => producer.ask('addFan', width))).starts;
      return {
        pids: () => ({
          producer: producer.pid,
          worker: worker.pid,
          postgres: servers.postgres.pid,
          redis: redisPid,
        }),
        runTasks: (count) =>
          run(count, () => producer.ask('addTasks', { count, batch: BATCH, concurrency: CONCURRENCY })),
        runChain: async (length) => (await run(length, () => producer.ask('addChain', length))).starts,
        runFan: canFan ? runFan : null,
        stop,
      };
    },
  };
}

interface Processes {
  readonly producer: Party<ProducerCommands>;
  readonly worker: Party<WorkerCommands>;
  readonly redisPid: number;
  readonly stop: () => Promise<void>;
}

async function startProcesses(
  library: LibraryName,
  servers: Servers,
  databaseName: string,
): Promise<Processes> {
  const postgresUrl = await createDatabase(servers.postgres.url, databaseName);
  const started = [{ stop: () => dropDatabase(postgresUrl) }];
  const stop = async (): Promise<void> => {
    for (const one of started.splice(0).toReversed()) await one.stop();
  };
  try {
    const redis = await startRedis({ dataDir: join(servers.folder, databaseName), durable: false });
    started.push(redis);
    // The worker first: it makes the tables.
    const place = { library, postgresUrl, redisUrl: redis.url };
    const worker = await startParty<WorkerCommands>('../../peers/worker.ts');
    started.push(worker);
    await worker.ask('open', place);
    const producer = await startParty<ProducerCommands>('../../peers/producer.ts');
    started.push(producer);
    await producer.ask('open', place);
    return { producer, worker, redisPid: redis.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
