import { spawn } from 'node:child_process';

const DEFAULT_LIMIT_MS = 900_000;

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
  readonly limitMs?: number;
}

export interface CommandOutcome {
  readonly ok: boolean;
  /** What it printed to both streams. */
  readonly output: string;
}

/** Runs a program to its end; a program that cannot be started is an outcome too. */
export function tryCommand(
  [program = '', ...args]: readonly string[],
  { env, cwd, input, limitMs = DEFAULT_LIMIT_MS }: CommandOptions = {},
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, cwd, timeout: limitMs, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code, signal) =>
      resolve({ ok: code === 0, output: signal === null ? output : `${output}ended by ${signal}` }),
    );
  });
}

/** Runs a program and gives what it printed. @throws with that when it fails */
export async function runCommand(words: readonly string[], options?: CommandOptions): Promise<string> {
  const { ok, output } = await tryCommand(words, options);
  if (!ok) throw new Error(`${words.join(' ')} failed:\n${output.slice(-6000)}`);
  return output;
}
