import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findFreePort } from '../services/free-port.ts';
import { isAlive } from '../services/process-identity.ts';
import { type SupervisedProcess, restartPauseMs, superviseProcess } from './supervised-process.ts';

let folder = '';
const said: string[] = [];
const started: SupervisedProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervised test '));
  said.length = 0;
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const polite = `import { createServer } from 'node:http';
const server = createServer((_, answer) => answer.end(String(process.pid))).listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));`;

async function supervise(
  code: string,
  stopTimeoutMs = 5_000,
): Promise<{ process: SupervisedProcess; url: string }> {
  const script = join(folder, 'script.mjs');
  writeFileSync(script, code);
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}/`;
  const one = superviseProcess({
    name: 'worker 1',
    script,
    env: { ...process.env, PORT: String(port) },
    logFile: join(folder, 'log'),
    readyUrl: url,
    stopTimeoutMs,
    say: (message) => said.push(message),
  });
  started.push(one);
  return { process: one, url };
}

const never = new AbortController().signal;

test('a process that was killed is started again, and says so', async () => {
  const { process: worker, url } = await supervise(polite);
  await worker.ready(never);
  const first = worker.pid;
  process.kill(first, 'SIGKILL');
  await vi.waitFor(async () => expect(await (await fetch(url)).text()).not.toBe(String(first)), {
    timeout: 10_000,
  });
  expect(said).toEqual([`worker 1 (pid ${first}) ended: signal SIGKILL. Starting it again.`]);
  const second = worker.pid;
  await worker.stop();
  expect(isAlive(second)).toBe(false);
  expect(said).toHaveLength(1);
});

test('a process that does not stop is killed after its time limit', async () => {
  const stubborn = `${polite}\nprocess.removeAllListeners('SIGTERM').on('SIGTERM', () => {});`;
  const { process: worker } = await supervise(stubborn, 200);
  await worker.ready(never);
  const { pid } = worker;
  await worker.stop();
  expect(isAlive(pid)).toBe(false);
});

test('one that ends before it is ready is an error that shows the end of its log', async () => {
  const { process: worker } = await supervise(`console.error('PORT is wrong'); process.exitCode = 3;`);
  await expect(worker.ready(never)).rejects.toThrow(/did not start \(exit code 3\)[^]*PORT is wrong/);
});

test('waiting for readiness can be given up', async () => {
  const { process: worker } = await supervise('setInterval(() => {}, 1000);');
  const stop = new AbortController();
  const ready = worker.ready(stop.signal);
  stop.abort();
  await expect(ready).rejects.toThrow(/aborted/);
});

test('the children of a parent that was killed end by themselves', async () => {
  const script = join(folder, 'child.mjs');
  writeFileSync(script, polite);
  const port = await findFreePort();
  const entry = new URL('supervised-process.ts', import.meta.url).href;
  const code = `const { superviseProcess } = await import(${JSON.stringify(entry)});
const one = superviseProcess({ name: 'x', script: ${JSON.stringify(script)}, env: { ...process.env, PORT: '${port}' },
  logFile: ${JSON.stringify(join(folder, 'log'))}, readyUrl: 'http://127.0.0.1:${port}/', say() {} });
await one.ready(new AbortController().signal);
console.log(one.pid);`;
  const parent: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!parent.stdout) throw new Error('no output');
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(Number(line))).toBe(false), { timeout: 10_000 });
});

test('the pause before a restart grows with quick ends, to 10 s', () => {
  expect([0, 1, 2, 3, 20].map(restartPauseMs)).toEqual([0, 250, 500, 1000, 10_000]);
});
