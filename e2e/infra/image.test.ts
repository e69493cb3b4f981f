import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient, task, webhook } from '@arcrun/client';
import { createDatabase, dropDatabase, until } from '@arcrun/database/testing';
import { findFreePort, type RunningService, startRedis } from '@arcrun/local';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type Receiver, startReceiver } from '../harness/receiver.ts';
import { layOutImage, type RunningRole, startRole } from './image-roles.ts';
import { freePort } from '../harness/free-port.ts';

const UNREACHABLE = 'postgres://nobody@127.0.0.1:1/none';

let folder: string;
let redis: RunningService;
let receiver: Receiver;
let databaseUrl: string;
let env: Record<string, string>;
let roles: RunningRole[] = [];
const start = (words: readonly string[], changed: Record<string, string> = {}): RunningRole => {
  const role = startRole(join(folder, 'image'), words, { ...env, ...changed });
  roles.push(role);
  return role;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arcrun-image-'));
  [redis, receiver] = await Promise.all([
    startRedis({ dataDir: join(folder, 'redis'), durable: false }),
    startReceiver(),
    layOutImage(join(folder, 'image')),
  ]);
  receiver.behave((call) => void call.handle.success());
});
beforeEach(async () => {
  databaseUrl = await createDatabase(inject('templateUrl'), `arcrun_image_${randomBytes(6).toString('hex')}`);
  const port = await freePort();
  const workerPort = await findFreePort(port + 1);
  env = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    HOST_URL: `http://127.0.0.1:${port}`,
    PORT: String(port),
    WORKER_PORT: String(workerPort),
    SKIP_SSRF_VALIDATION: '1',
  };
});
afterEach(async () => {
  for (const { child } of roles) child.kill('SIGTERM');
  await Promise.all(roles.map(({ ended }) => ended));
  roles = [];
  await dropDatabase(databaseUrl);
});
afterAll(async () => {
  await receiver.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

const isReady = async (port: string | undefined): Promise<boolean> => {
  const response = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => null);
  await response?.arrayBuffer();
  return response?.ok === true;
};
const untilReady = (role: RunningRole, port: string | undefined) =>
  until(
    `port ${port} is ready`,
    async () => {
      if (role.child.exitCode !== null) throw new Error(`the role ended:\n${role.output()}`);
      return isReady(port);
    },
    30_000,
  );

async function runOneTask(): Promise<void> {
  const client = createClient({ url: env['HOST_URL']! });
  const { batchId } = await client.createBatch([
    task({ id: 'a', name: 'a', kind: 'k', on_start: webhook(`${receiver.url}/start`) }),
  ]);
  await until('its task has succeeded', async () => {
    const { status_counts } = await client.getBatch(batchId);
    return status_counts.success === 1;
  });
}

test('each role is what it says: migrate, then api and worker run a task', async () => {
  const migrate = start(['migrate']);
  expect(await migrate.ended, migrate.output()).toBe(0);
  expect(migrate.output()).toContain('applied 0001');
  const api = start(['api']);
  const worker = start(['worker']);
  await Promise.all([untilReady(api, env['PORT']), untilReady(worker, env['WORKER_PORT'])]);
  await runOneTask();
  api.child.kill('SIGTERM');
  worker.child.kill('SIGTERM');
  expect(await Promise.all([api.ended, worker.ended])).toEqual([0, 0]);
});

test('the pages find their files beside the bundle', async () => {
  expect(await start(['migrate']).ended).toBe(0);
  const api = start(['api']);
  await untilReady(api, env['PORT']);
  const hostUrl = env['HOST_URL']!;
  for (const path of ['/view', '/swagger-ui/', '/admin/queues', '/swagger-ui/swagger-ui-bundle.js']) {
    const response = await fetch(`${hostUrl}${path}`);
    expect([path, response.status]).toEqual([path, 200]);
    await response.arrayBuffer();
  }
});

test('all migrates an empty database, runs both, and ends both when it is asked to', async () => {
  const all = start(['all']);
  await Promise.all([untilReady(all, env['PORT']), untilReady(all, env['WORKER_PORT'])]);
  await runOneTask();
  expect((await all.children()).size).toBe(2);
  all.child.kill('SIGTERM');
  expect(await all.ended, all.output()).toBe(0);
  // One after the other says so: the API and the worker.
  expect(all.output().match(/\bstopping\b/g)).toHaveLength(2);
  expect([await isReady(env['PORT']), await isReady(env['WORKER_PORT'])]).toEqual([false, false]);
});

test.each(['api', 'worker'])('when one of all ends, here the %s, so does the other', async (name) => {
  const all = start(['all']);
  await Promise.all([untilReady(all, env['PORT']), untilReady(all, env['WORKER_PORT'])]);
  const [pid] = [...(await all.children())].find(([, command]) => command.includes(`${name}/main.js`))!;
  process.kill(pid, 'SIGKILL');
  expect(await all.ended).toBe(137);
  expect([await isReady(env['PORT']), await isReady(env['WORKER_PORT'])]).toEqual([false, false]);
});

test('all does not start on a database that could not be migrated', async () => {
  const all = start(['all'], { DATABASE_URL: 'redis://not-postgres' });
  expect(await all.ended).toBe(1);
  expect(all.output()).toContain('DATABASE_URL');
  expect(all.output()).not.toContain('started');
});

test('a role that is still starting ends when it is asked to', async () => {
  // Accepts connections and never answers, as a Postgres that hangs.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' ? address!.port : 0;
  for (const role of ['migrate', 'all']) {
    const connected = once(silent, 'connection');
    const { child, ended } = start([role], { DATABASE_URL: UNREACHABLE.replace(':1/', `:${port}/`) });
    await connected;
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
  }
  silent.close();
});

test.each([[['serve']], [[]], [['api', 'worker']]])(
  'an unknown role is told in a sentence: %j',
  async (words) => {
    const role = start(words);
    expect(await role.ended).toBe(1);
    expect(role.output()).toBe(`Say one of api, worker, migrate or all instead of "${words.join(' ')}".\n`);
  },
);

test('the health check follows readiness', async () => {
  const check = (port: string) =>
    promisify(execFile)(process.execPath, [join(folder, 'image/is-ready.mjs'), port]).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
  expect(await check(env['PORT']!)).toBe(1);
  expect(await start(['migrate']).ended).toBe(0);
  const api = start(['api']);
  await untilReady(api, env['PORT']);
  expect(await check(env['PORT']!)).toBe(0);
});
