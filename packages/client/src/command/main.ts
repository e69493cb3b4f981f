#!/usr/bin/env node
import { runCommand } from './run-command.ts';

// A reader that is gone (`arcrun list | head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => {
    process.exit();
  });
}

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    stopped.abort();
  });
}

process.exitCode = await runCommand(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopped.signal,
});
