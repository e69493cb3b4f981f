import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { isAlive } from './process-identity.ts';

const LOG_LIMIT_BYTES = 8 * 1024 * 1024;

/** What a started service gives to its caller. */
export interface RunningService {
  url: string;
  port: number;
  pid: number;
  /** Resolves with a short description ("signal SIGKILL") when the process is gone, stopped or not. */
  exited: Promise<string>;
  /** Ends the process in order and waits for it; may be called again. */
  stop(): Promise<void>;
}

/** The full path of a program on the PATH. */
export function findOnPath(name: string, path = process.env.PATH ?? ''): string | undefined {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

export interface SpawnServiceOptions {
  /** Program and arguments. */
  command: readonly string[];
  /** A program that starts the command under another identity (`unshare …`). */
  prefix?: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Sent by the kernel when the thread that started it dies, so that a `kill -9` of the parent leaves no orphan (Linux). */
  parentDeathSignal: 'SIGINT' | 'SIGTERM';
  uid?: number;
  gid?: number;
}

/**
 * Starts a program with its output in a log file. It has a process group of its own, since Ctrl-C in a
 * terminal goes to the whole group and would end the database before those who use it.
 */
export function spawnService(options: SpawnServiceOptions): ChildProcess {
  const setpriv = process.platform === 'linux' ? findOnPath('setpriv') : undefined;
  // Innermost, since a change of identity takes the setting back.
  const watch = setpriv ? [setpriv, '--pdeathsig', options.parentDeathSignal.slice(3), '--'] : [];
  const command = [...(options.prefix ?? []), ...watch, ...options.command];
  if (existsSync(options.logFile) && statSync(options.logFile).size > LOG_LIMIT_BYTES) {
    truncateSync(options.logFile);
  }
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    return spawn(command[0] ?? '', command.slice(1), {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', log, log],
      detached: true,
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
  } finally {
    closeSync(log);
  }
}

/** Resolves when the child is gone; an error at its start counts as an end. */
export function whenExited(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}

/**
 * Waits until a started program is ready.
 * @param isReady asked again and again, every few milliseconds
 * @returns undefined when it is ready, else how it ended or that the time is up
 */
export async function whenReady(
  exited: Promise<string>,
  isReady: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<string | undefined> {
  const state: { ended?: string } = {};
  void exited.then((how) => (state.ended = how));
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (state.ended !== undefined) return state.ended;
    if (await isReady()) return undefined;
    await delay(5);
  }
  return `no answer within ${timeoutMs / 1000} s`;
}

/**
 * Sends the signals one after the other, each with its time limit, until the process is gone.
 * Works for processes that are not our children too.
 */
export async function endProcess(
  pid: number,
  steps: readonly { signal: NodeJS.Signals; timeoutMs: number }[],
): Promise<boolean> {
  for (const step of steps) {
    try {
      process.kill(pid, step.signal);
    } catch {
      // gone already, or not ours: isAlive tells
    }
    const deadline = performance.now() + step.timeoutMs;
    while (isAlive(pid) && performance.now() < deadline) await delay(10);
    if (!isAlive(pid)) return true;
  }
  return false;
}

export function delay(timeMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, timeMs);
  });
}

/** The last lines of a log from a byte offset on, for an error message. */
export function readLogTail(logFile: string, fromByte = 0, lines = 4): string {
  try {
    const text = readFileSync(logFile).subarray(fromByte).toString('utf8').trim();
    return text.split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

export function fileSize(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
