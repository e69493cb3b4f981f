import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { NODE_FLAGS } from '../node-flags.ts';
import { delay, endProcess, fileSize, readLogTail, whenExited } from '../services/service-process.ts';
import { StartupError } from '../services/startup-error.ts';

const READY_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 25;
const LONGEST_PAUSE_MS = 10_000;
/** A process that lived this long may be started again at once. */
const HEALTHY_AFTER_MS = 10_000;

export interface ProcessOptions {
  /** For messages: "worker 1". */
  name: string;
  /** A script for Node. */
  script: string;
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Answers 2xx when the process is ready. */
  readyUrl: string;
  /** How long it may take to stop before it is killed. */
  stopTimeoutMs?: number;
  say: (message: string) => void;
}

/** A Node process that is started again whenever it ends unasked. */
export interface SupervisedProcess {
  readonly name: string;
  /** Of the present incarnation. */
  readonly pid: number;
  /** Resolves when it is ready for the first time; rejects when it ends before. */
  ready(signal: AbortSignal): Promise<void>;
  /** Ends it in order: SIGTERM, and SIGKILL after the time limit. */
  stop: () => Promise<void>;
  /** Ends it at once. */
  kill: () => void;
}

function spawnNode(options: ProcessOptions): ChildProcess {
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const preload = new URL('exit-with-parent.ts', import.meta.url).href;
    return spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', ...NODE_FLAGS, '--import', preload, options.script],
      {
        env: options.env,
        stdio: ['ignore', log, log, 'ipc'],
        // Out of the terminal's reach: Ctrl-C would end all of them at once, in no order.
        detached: true,
      },
    );
  } finally {
    closeSync(log);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * How long to wait before a process is started again.
 * @param quickEnds how many times in a row it ended soon after its start
 */
export function restartPauseMs(quickEnds: number): number {
  return quickEnds === 0 ? 0 : Math.min(250 * 2 ** (quickEnds - 1), LONGEST_PAUSE_MS);
}

/** Starts a process and keeps it running until it is stopped. */
export function superviseProcess(options: ProcessOptions): SupervisedProcess {
  const state = { stopping: false, wasReady: false, quickEnds: 0, firstEnd: '' };
  const logStart = fileSize(options.logFile);
  let child = spawnNode(options);
  let pause: NodeJS.Timeout | undefined;

  const watch = async (started: ChildProcess): Promise<void> => {
    const startedAt = performance.now();
    const how = await whenExited(started);
    if (state.stopping) return;
    if (!state.wasReady) {
      state.firstEnd = how;
      return;
    }
    const pauseMs = restartPauseMs(state.quickEnds);
    state.quickEnds = performance.now() - startedAt > HEALTHY_AFTER_MS ? 0 : state.quickEnds + 1;
    options.say(`${options.name} (pid ${started.pid ?? '?'}) ended: ${how}. Starting it again.`);
    pause = setTimeout(() => {
      child = spawnNode(options);
      void watch(child);
    }, pauseMs);
  };
  void watch(child);

  return {
    name: options.name,
    get pid() {
      return child.pid ?? 0;
    },
    async ready(signal) {
      const deadline = performance.now() + READY_TIMEOUT_MS;
      while (!(await answers(options.readyUrl))) {
        signal.throwIfAborted();
        const late = performance.now() > deadline;
        if (state.firstEnd !== '' || late) {
          const reason = state.firstEnd === '' ? 'not ready within 60 s' : state.firstEnd;
          const tail = readLogTail(options.logFile, logStart, 12);
          throw new StartupError(
            `${options.name} did not start (${reason}); see ${options.logFile}:\n${tail}`,
          );
        }
        await delay(POLL_INTERVAL_MS);
      }
      state.wasReady = true;
    },
    async stop() {
      state.stopping = true;
      clearTimeout(pause);
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      await endProcess(child.pid, [
        { signal: 'SIGTERM', timeoutMs: options.stopTimeoutMs ?? 10_000 },
        { signal: 'SIGKILL', timeoutMs: 2_000 },
      ]);
    },
    kill() {
      state.stopping = true;
      clearTimeout(pause);
      child.kill('SIGKILL');
    },
  };
}
