import { spawn } from 'node:child_process';

/** A download may take this long. */
const TIMEOUT_MS = 180_000;

export interface Outcome {
  ok: boolean;
  /** What it wrote to stdout and stderr. */
  output: string;
}

/** Runs a command to its end. One that is not there is a failure like any other. */
export function runCommand(
  command: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command[0] ?? '', command.slice(1), {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}
