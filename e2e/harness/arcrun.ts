import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const BUILT = resolve(import.meta.dirname, '../../packages/client/dist/arcrun.js');

interface ArcrunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** Which Node; that of the tests by default. */
  readonly node?: string;
}

export interface ArcrunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningArcrun {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly ended: Promise<ArcrunResult>;
}

/** Starts the built command as a process of its own, with nothing of our environment that it reads. */
export function startArcrun(words: readonly string[], options: ArcrunOptions = {}): RunningArcrun {
  if (!existsSync(BUILT)) throw new Error('packages/client is not built');
  return startProgram(options.node ?? process.execPath, [BUILT, ...words], options);
}

export function startProgram(
  program: string,
  words: readonly string[],
  { env = {}, stdin = '', cwd }: ArcrunOptions = {},
): RunningArcrun {
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
  return { child, stdout: () => stdout, ended };
}

/** Runs the command to its end. */
export async function arcrun(words: readonly string[], options: ArcrunOptions = {}): Promise<ArcrunResult> {
  return startArcrun(words, options).ended;
}
