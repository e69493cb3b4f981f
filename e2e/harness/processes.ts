import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { NODE_FLAGS } from '@arcrun/local';

const READY_LIMIT_MS = 30_000;
const POLL_MS = 25;

/** One real process of the system under test. */
export interface RunningProcess {
  readonly name: string;
  /** Its API, or a worker's `/health`, `/ready` and `/metrics`. */
  readonly url: string;
  readonly child: ChildProcess;
  /** What it printed. */
  readonly output: () => string;
  /** Ends it in order. Resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/**
 * Starts a built process and waits until it is ready.
 *
 * @param flags of Node
 */
export async function startProcess(
  name: string,
  script: string,
  url: string,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<RunningProcess> {
  const child = spawn(process.execPath, [...NODE_FLAGS, ...flags, script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-100_000);
    });
  }
  const exited = once(child, 'exit');
  await untilReady(name, url, child, () => output);
  return {
    name,
    url,
    child,
    output: () => output,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await exited;
      }
      return child.exitCode;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function untilReady(
  name: string,
  url: string,
  child: ChildProcess,
  output: () => string,
): Promise<void> {
  const deadlineMs = performance.now() + READY_LIMIT_MS;
  while (performance.now() < deadlineMs && child.exitCode === null) {
    const response = await fetch(`${url}/ready`).catch(() => null);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await delay(POLL_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`${name} is not ready:\n${output()}`);
}
