import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi, inject } from 'vitest';
import { startPostgres } from './postgres.ts';
import { isAlive } from './process-identity.ts';
import { startRedis } from './redis.ts';
import { findOnPath } from './service-process.ts';
import { startServices } from './services.ts';

let folder = '';
beforeEach(() => {
  // A space, since a clone may lie anywhere.
  folder = mkdtempSync(join(tmpdir(), 'services test '));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Sends lines to a Redis and gives the first `count` lines of its answer. */
async function askRedis(url: string, commands: readonly string[], count: number): Promise<string[]> {
  const { port, password } = new URL(url);
  const socket = connect({ port: Number(port), host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.write([`AUTH ${password}`, ...commands, ''].join('\r\n'));
  const lines: string[] = [];
  for await (const line of createInterface({ input: socket })) {
    lines.push(line);
    if (lines.length === count) break;
  }
  socket.destroy();
  return lines;
}

/** Starts a service in a process of its own, which can be killed; gives that process and what the service is. */
async function startElsewhere(
  call: 'startPostgres' | 'startRedis',
  dataDir: string,
  path: string,
): Promise<{ parent: ChildProcess; pid: number }> {
  const entry = new URL('index.ts', import.meta.url).href;
  const code = `const { ${call} } = await import(${JSON.stringify(entry)});
const { pid } = await ${call}({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
console.log(pid);
setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: path },
  });
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  return { parent, pid: Number(line) };
}

/** A PATH without setpriv, which would end the service together with its parent. */
function pathWithoutSetpriv(): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const name of ['sh', 'unshare', 'redis-server', 'valkey-server']) {
    const program = findOnPath(name);
    if (program !== undefined) symlinkSync(program, join(bin, name));
  }
  return bin;
}

test('Postgres comes back with the same cluster and address, and has one owner at a time', async () => {
  const dataDir = join(folder, 'pg');
  const first = await startPostgres({ dataDir, durable: false, settings: { work_mem: '7MB' } });
  expect(first.url).toBe(
    `postgres://arcrun:${readFileSync(join(dataDir, 'password'), 'utf8')}@127.0.0.1:${first.port}/arcrun`,
  );
  await expect(startPostgres({ dataDir })).rejects.toThrow(/in use by process/);
  await first.stop();
  expect(isAlive(first.pid)).toBe(false);

  const said: string[] = [];
  const onProgress = (message: string): void => void said.push(message);
  const second = await startPostgres({ dataDir, durable: false, port: first.port, onProgress });
  expect(second.url).toBe(first.url);
  expect(said).toEqual([]);
  await second.stop();
  await second.stop();
});

test('Redis refuses strangers, never evicts, and keeps its data over a restart', async () => {
  const dataDir = join(folder, 'redis');
  const first = await startRedis({ dataDir });
  expect(await askRedis(first.url, ['CONFIG GET maxmemory-policy', 'SET greeting hello'], 7)).toEqual([
    ...['+OK', '*2', '$16', 'maxmemory-policy', '$10', 'noeviction', '+OK'],
  ]);
  const stranger = first.url.replace(/:[^:@/]+@/, ':wrong@');
  expect((await askRedis(stranger, [], 1))[0]).toMatch(/^-WRONGPASS/);
  await askRedis(first.url, ['SAVE'], 2);
  await first.stop();

  const second = await startRedis({ dataDir, port: first.port });
  expect(second.url).toBe(first.url);
  expect(await askRedis(second.url, ['GET greeting'], 3)).toEqual(['+OK', '$5', 'hello']);
  await second.stop();
});

test.each(['startPostgres', 'startRedis'] as const)(
  'what %s left behind after kill -9 is ended',
  async (call) => {
    const dataDir = join(folder, 'data');
    const { parent, pid } = await startElsewhere(call, dataDir, pathWithoutSetpriv());
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(isAlive(pid)).toBe(true);

    const said: string[] = [];
    const start = call === 'startPostgres' ? startPostgres : startRedis;
    const next = await start({ dataDir, durable: false, onProgress: (message) => said.push(message) });
    expect(said).toContainEqual(expect.stringContaining(`(pid ${pid}), which an earlier run left behind`));
    expect(isAlive(pid)).toBe(false);
    expect(isAlive(next.pid)).toBe(true);
    await next.stop();
  },
);

test.runIf(process.platform === 'linux').each(['startPostgres', 'startRedis'] as const)(
  '%s leaves nothing behind where the kernel can tell it of the end of its parent',
  async (call) => {
    const { parent, pid } = await startElsewhere(call, join(folder, 'data'), process.env.PATH ?? '');
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
  },
);

test('a pid file whose number belongs to another program now does not end that program', async () => {
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(bystander, 'spawn');
  const dataDir = join(folder, 'pg');
  const first = await startPostgres({ dataDir, durable: false });
  const pidFile = join(dataDir, 'cluster/postmaster.pid');
  const text = readFileSync(pidFile, 'utf8');
  await first.stop();
  writeFileSync(pidFile, text.replace(/^\d+/, String(bystander.pid)));
  const second = await startPostgres({ dataDir, durable: false });
  expect(isAlive(bystander.pid ?? 0)).toBe(true);
  await second.stop();
  bystander.kill('SIGKILL');
});

test('addresses in the environment win, each for itself', async () => {
  const databaseUrl = inject('templateUrl');
  const services = await startServices({
    stateDir: folder,
    durable: false,
    env: { DATABASE_URL: databaseUrl },
  });
  expect(services.databaseUrl).toBe(databaseUrl);
  expect(services.postgres).toBeUndefined();
  expect(services.redis && services.redisUrl).toMatch(/^redis:\/\//);
  await services.stop();
  expect(isAlive(services.redis?.pid ?? 0)).toBe(false);
});
