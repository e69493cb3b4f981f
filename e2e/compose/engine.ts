import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tryCommand } from './commands.ts';

const START_LIMIT_MS = 60_000;
const POLL_MS = 250;

/** A Docker engine, and the programs that speak to it. */
export interface Engine {
  /** The command line client; one that can use BuildKit. */
  readonly docker: readonly string[];
  /** `docker compose`, or docker-compose 1.29. */
  readonly compose: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** "Docker 20.10.24, docker-compose 1.29.2". */
  readonly description: string;
  stop(): Promise<void>;
}

/** Finds a running engine, or starts one of its own where that is possible; else says in a sentence why there is none. */
export async function findEngine(dataFolder: string): Promise<Engine | { readonly problem: string }> {
  const docker = await findDocker();
  if (docker === undefined) {
    return { problem: 'There is no docker client with BuildKit: apt-get install docker.io docker-compose.' };
  }
  const compose = await findCompose(docker);
  if (compose === undefined)
    return { problem: 'There is no docker compose: apt-get install docker-compose.' };
  const daemon = await findDaemon(docker, dataFolder);
  if ('problem' in daemon) return daemon;
  const env = { ...process.env, ...daemon.env, DOCKER_BUILDKIT: '1', BUILDKIT_PROGRESS: 'plain' };
  const version = await tryCommand([docker, 'version', '--format', '{{.Server.Version}}'], { env });
  const composeVersion = await tryCommand([...compose, 'version', '--short'], { env });
  return {
    docker: [docker],
    compose,
    env,
    description: `Docker ${version.output.trim()}, ${compose.join(' ')} ${composeVersion.output.trim()}`,
    stop: () => daemon.stop(),
  };
}

const pathsOf = (name: string): string[] =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .filter((path) => existsSync(path));

/** Before version 23 BuildKit is part of the client, later it is the plug-in buildx. */
async function findDocker(): Promise<string | undefined> {
  for (const path of pathsOf('docker')) {
    const { output } = await tryCommand([path, '--version']);
    const major = Number(/version (\d+)\./.exec(output)?.[1] ?? Number.NaN);
    if (major < 23 || (await tryCommand([path, 'buildx', 'version'])).ok) return path;
  }
  return undefined;
}

async function findCompose(docker: string): Promise<string[] | undefined> {
  if ((await tryCommand([docker, 'compose', 'version'])).ok) return [docker, 'compose'];
  const [alone] = pathsOf('docker-compose');
  return alone === undefined ? undefined : [alone];
}

interface Daemon {
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

async function findDaemon(docker: string, dataFolder: string): Promise<Daemon | { problem: string }> {
  if ((await tryCommand([docker, 'info'], { limitMs: 10_000 })).ok)
    return { env: {}, stop: async () => undefined };
  const [dockerd] = pathsOf('dockerd');
  if (dockerd === undefined)
    return {
      problem: 'No Docker engine answers, and there is no dockerd to start: apt-get install docker.io.',
    };
  if (process.getuid?.() !== 0) return { problem: 'No Docker engine answers, and only root can start one.' };
  return startDaemon(docker, dockerd, dataFolder);
}

async function startDaemon(
  docker: string,
  dockerd: string,
  dataFolder: string,
): Promise<Daemon | { problem: string }> {
  await mkdir(dataFolder, { recursive: true });
  // The path of a socket must be short.
  const folder = await mkdtemp(join(tmpdir(), 'arcrun-docker-'));
  const host = `unix://${folder}/docker.sock`;
  const child = spawn(
    dockerd,
    [
      ...['--host', host, '--data-root', dataFolder],
      ...['--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'docker.pid')],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    });
  }
  const ended = once(child, 'exit');
  const env = { DOCKER_HOST: host };
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const deadlineMs = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadlineMs && child.exitCode === null) {
    const asked = await tryCommand([docker, 'info'], { env: { ...process.env, ...env }, limitMs: 10_000 });
    if (asked.ok) return { env, stop };
    await delay(POLL_MS);
  }
  if (child.exitCode === null) await stop();
  return { problem: `dockerd does not start here:\n${output.trim().split('\n').slice(-5).join('\n')}` };
}
