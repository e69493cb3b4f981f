import { spawn } from 'node:child_process';

/** A program that does not end within this time hangs. */
const HANG_MS = 15 * 60_000;

const PARENT_CHECK_MS = 1000;

/**
 * Runs a program to its end and collects what it prints.
 * @param {string} program
 * @param {string[]} args
 * @param {{cwd?: string, env?: Record<string, string | undefined>, timeout?: number, onOutput?: (text: string) => void}} options
 * @returns {Promise<{ok: boolean, output: string}>}
 */
export function runQuietly(program, args, options = {}) {
  const { onOutput, ...rest } = { timeout: HANG_MS, ...options };
  return new Promise((resolve) => {
    const child = spawn(program, args, { ...rest, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk) => {
      const text = chunk.toString('utf8');
      output += text;
      onOutput?.(text);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) =>
      resolve({ ok: false, output: `${output}${error.code ?? ''} ${error.message}` }),
    );
    child.once('close', (code, signal) =>
      resolve({ ok: code === 0, output: `${output}${signal ? ` timed out (${signal})` : ''}` }),
    );
  });
}

/**
 * Hands the terminal over to a program and ends with its exit code. Ctrl-C reaches it by itself, as it goes to the
 * whole foreground; what is sent to us alone is passed on. The program learns of our own sudden
 * end through its IPC channel, when it listens.
 * @returns {Promise<number>} the exit code
 */
export function handOver(program, args, { ipc = false, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...options,
      stdio: ['inherit', 'inherit', 'inherit', ...(ipc ? ['ipc'] : [])],
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        // A terminal's Ctrl-C has reached the child already; a second one would mean "at once".
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      });
    }
    // npm passes signals to its shell, which ends by them without passing them on: seen by our having another parent.
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.env.npm_lifecycle_event !== undefined && process.ppid !== parent) child.kill('SIGTERM');
    }, PARENT_CHECK_MS);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      resolve(code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGKILL' ? 137 : 143));
    });
  });
}
