import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { NODE_FLAGS } from '@arcrun/local';

const run = promisify(execFile);
const LAY_OUT = resolve(import.meta.dirname, '../../infra/image/lay-out.mjs');

/** A role as the image starts it, but outside a container. */
export interface RunningRole {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>;
  /** The processes that it started, by their command line. */
  children(): Promise<Map<number, string>>;
}

/** Fills a folder with what the image holds. */
export async function layOutImage(folder: string): Promise<void> {
  await run(process.execPath, [LAY_OUT, folder]);
}

/** Starts the entry of the image in a folder that was laid out; nothing of the clone is in its reach. */
export function startRole(
  folder: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningRole {
  const child = spawn(process.execPath, [...NODE_FLAGS, 'entry.mjs', ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return {
    child,
    output: () => output,
    ended: once(child, 'exit').then(([code]) => code as number | null),
    children: () => childrenOf(child.pid!),
  };
}

async function childrenOf(parent: number): Promise<Map<number, string>> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  const lines = stdout.split('\n').map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line));
  return new Map(
    lines
      .filter((line) => Number(line?.[2]) === parent)
      .map((line) => [Number(line![1]), line![3]!] as const)
      .filter(([, command]) => command.includes('main.js')),
  );
}
