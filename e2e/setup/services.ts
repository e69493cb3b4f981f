import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { migrate, openDatabase } from '@arcrun/database';
import { asPooled, createDatabase, dropDatabase, endPooledConnections } from '@arcrun/database/testing';
import { type RunningService, startPooler, startPostgres, startRedis } from '@arcrun/local';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A migrated, empty database that nobody connects to: tests clone it (createTestDatabase). */
    templateUrl: string;
    redisUrl: string;
  }
}

interface TestServices {
  readonly templateUrl: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
}

declare global {
  // Each project has an instance of this module of its own, but all run in one process.
  var arcrunTestServices: { users: number; started: Promise<TestServices> } | undefined;
}

/**
 * Gives a project its Postgres and Redis: those that TEST_DATABASE_URL and TEST_REDIS_URL name, else embedded ones
 * in temporary folders. With `ARCRUN_TEST_PROXY=pgbouncer` a pooler in transaction mode stands before Postgres, and all
 * tests go through it. Returns the teardown; the last project's stops what was started.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const use = (globalThis.arcrunTestServices ??= { users: 0, started: start() });
  use.users++;
  const services = await use.started;
  project.provide('templateUrl', services.templateUrl);
  project.provide('redisUrl', services.redisUrl);
  return async () => {
    use.users--;
    if (use.users > 0) return;
    globalThis.arcrunTestServices = undefined;
    await services.stop();
  };
}

async function start(): Promise<TestServices> {
  const folder = await mkdtemp(join(tmpdir(), 'arcrun-tests-'));
  const running: RunningService[] = [];
  const stop = async (): Promise<void> => {
    for (const service of running.toReversed()) await service.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const keep = async (starting: Promise<RunningService>): Promise<string> => {
    const service = await starting;
    running.push(service);
    return service.url;
  };
  try {
    const [postgresUrl, redisUrl] = await Promise.all([
      process.env['TEST_DATABASE_URL'] ??
        keep(startPostgres({ dataDir: join(folder, 'postgres'), durable: false })),
      process.env['TEST_REDIS_URL'] ?? keep(startRedis({ dataDir: join(folder, 'redis'), durable: false })),
    ]);
    const databaseUrl = hasProxy()
      ? asPooled(await keep(startPooler({ dataDir: join(folder, 'pooler'), databaseUrl: postgresUrl })))
      : postgresUrl;
    const templateUrl = await createTemplate(databaseUrl);
    return {
      templateUrl,
      redisUrl,
      stop: async () => {
        await dropDatabase(templateUrl);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function hasProxy(): boolean {
  const proxy = process.env['ARCRUN_TEST_PROXY'] ?? '';
  if (proxy !== '' && proxy !== 'pgbouncer')
    throw new Error(`ARCRUN_TEST_PROXY is "${proxy}"; it may only be "pgbouncer"`);
  return proxy !== '';
}

async function createTemplate(databaseUrl: string): Promise<string> {
  const url = await createDatabase(databaseUrl, `arcrun_template_${randomBytes(6).toString('hex')}`);
  const database = openDatabase({
    url,
    maxSize: 2,
    minIdle: 0,
    acquireTimeoutMs: 10_000,
    applicationName: 'arcrun tests',
    onIdleError: (error) => {
      throw error;
    },
  });
  try {
    await migrate(database.db, resolve(import.meta.dirname, '../../migrations'));
  } finally {
    await database.close();
  }
  // A database that somebody is connected to cannot be copied.
  await endPooledConnections(url);
  return url;
}
