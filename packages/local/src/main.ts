import { runDemo, runWorkflow } from './demo/index.ts';
import { StartupError } from './services/startup-error.ts';
import { type StartArguments, USAGE, parseStartArguments } from './start/arguments.ts';
import { formatBanner } from './start/banner.ts';
import { takeRun, writeRunRecord } from './start/run-record.ts';
import { type Stack, type StackPart, builtScripts, startStack, stopParts } from './start/stack.ts';
import { listenForStop } from './start/stop-signals.ts';

const INTERRUPTED = 130;

const stopped = new AbortController();
const parts: StackPart[] = [];
const output = process.stdout;
// A terminal that was closed, or a pipe whose reader is gone, must not keep us from stopping in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const say = (message: string): void => {
  output.write(`${message}\n`);
};

function killEverything(): never {
  for (const part of parts) part.kill();
  process.exit(INTERRUPTED);
}

/** Runs what was asked for; true when every task ended as it should. */
async function runSample(args: StartArguments, stack: Stack): Promise<boolean> {
  const { apiUrl, receiverUrl, token } = stack;
  const shared = { apiUrl, receiverUrl, token, output, signal: stopped.signal };
  if (args.workflow !== undefined) {
    const scale = args.timeScale === undefined ? {} : { timeScale: args.timeScale };
    return (await runWorkflow({ ...shared, ...scale, file: args.workflow })).ok;
  }
  return !args.demo || (await runDemo(shared)).ok;
}

/** Since the person pressed Enter, as far as the boot script knows. */
function secondsSinceCommand(): string {
  const beganAt = Number(process.env.ARCRUN_BEGAN_AT) || performance.timeOrigin;
  return ((Date.now() - beganAt) / 1000).toFixed(1);
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(alive);
      resolve();
    };
    if (stopped.signal.aborted) end();
    else stopped.signal.addEventListener('abort', end, { once: true });
  });
}

/** From the first process to the last; gives the exit code. */
async function serve(args: StartArguments): Promise<number> {
  const lost: unknown[] = [];
  const onLost = (reason: unknown): void => {
    lost.push(reason);
    stopped.abort();
  };
  try {
    const { signal } = stopped;
    const stack = await startStack({
      ...{ workers: args.workers, scripts: builtScripts, env: process.env },
      ...{ say, signal, onLost, parts },
    });
    const { databaseUrl, redisUrl } = stack.services;
    const { apiUrl, receiverUrl } = stack;
    writeRunRecord({ pid: process.pid, databaseUrl, redisUrl, apiUrl, receiverUrl });
    const pids = stack.workers.map(({ process: worker }) => `${worker.name} is pid ${worker.pid}`).join(', ');
    say(`The API is ready at ${stack.apiUrl} after ${secondsSinceCommand()} s; ${pids}`);
    const ok = await runSample(args, stack);
    if (!args.exit && !signal.aborted) {
      say(formatBanner(stack));
      await untilStopped();
    }
    if (lost.length > 0) throw lost[0];
    return ok ? 0 : 1;
  } catch (error) {
    if (lost.length > 0) throw lost[0];
    if (stopped.signal.aborted) return INTERRUPTED;
    throw error;
  }
}

async function main(): Promise<number> {
  const args = parseStartArguments(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  if (args.help) {
    say(USAGE);
    return 0;
  }
  const release = takeRun();
  listenForStop((reason) => {
    say(reason === 'SIGINT' ? '\nStopping; Ctrl-C again ends everything at once.' : '\nStopping.');
    stopped.abort();
  }, killEverything);
  try {
    return await serve(args);
  } finally {
    await stopParts(parts);
    release();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(
    `${error instanceof StartupError ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exitCode = 1;
}
