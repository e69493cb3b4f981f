import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const SAYS_LIMIT_MS = 30_000;
const BUILT = resolve(import.meta.dirname, '../../packages/client/dist/arcrun.js');

interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** Which Node; that of the tests by default. */
  readonly node?: string;
}

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  /** Resolves once it has written this to stdout; rejects when it has not in time, or ends without. */
  says(text: string | RegExp): Promise<void>;
  readonly ended: Promise<ProgramResult>;
}

/** Starts the built command as a process of its own, with nothing of our environment that it reads. */
export function startArcrun(words: readonly string[], options: ProgramOptions = {}): RunningProgram {
  if (!existsSync(BUILT)) throw new Error('packages/client is not built');
  return startProgram(options.node ?? process.execPath, [BUILT, ...words], options);
}

export function startProgram(
  program: string,
  words: readonly string[],
  { env = {}, stdin = '', cwd }: ProgramOptions = {},
): RunningProgram {
  const { ARCRUN_URL: _url, ARCRUN_TOKEN: _token, ARCRUN_RECEIVER: _receiver, ...ours } = process.env;
  const child = spawn(program, words, {
    env: { ...ours, NO_COLOR: '1', ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // It may end without reading.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }));
  const says = async (text: string | RegExp): Promise<void> => {
    const isSaid = (): boolean => (typeof text === 'string' ? stdout.includes(text) : text.test(stdout));
    const limit = AbortSignal.timeout(SAYS_LIMIT_MS);
    while (!isSaid()) {
      if (child.exitCode !== null) throw new Error(`it ended without ${text}:\n${stdout}${stderr}`);
      await Promise.race([once(child.stdout, 'data', { signal: limit }), ended]).catch(() => {
        throw new Error(`it did not say ${text}:\n${stdout}${stderr}`);
      });
    }
  };
  return { child, stdout: () => stdout, says, ended };
}

/** Runs the command to its end. */
export async function arcrun(words: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  return startArcrun(words, options).ended;
}
