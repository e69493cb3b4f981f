// What the image runs: one of its roles. `all` is for a single container: it brings the database up to date, then runs
// an API and a worker side by side.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const SCRIPTS = { api: 'api/main.js', worker: 'worker/main.js', migrate: 'api/migrate.js' };
const SIGNALS = ['SIGTERM', 'SIGINT'];

const given = process.argv.slice(2);
const [role] = given;

// The first process of a container is not ended by a signal that it does not listen to, so until a role listens for
// itself, and after it does no more, this does what would happen elsewhere.
for (const signal of SIGNALS) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(codeOf(null, signal));
  });
}

if (given.length === 1 && role === 'all') {
  process.exitCode = await runAll();
} else if (given.length === 1 && Object.hasOwn(SCRIPTS, role)) {
  await import(scriptOf(role).href);
} else {
  process.stderr.write(`Say one of api, worker, migrate or all instead of "${given.join(' ')}".\n`);
  process.exitCode = 1;
}

/** Migrates, then runs an API and a worker until both have ended; gives the exit code. */
async function runAll() {
  const running = new Set();
  let isAsked = false;
  const stop = (signal) => {
    for (const child of running) child.kill(signal);
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      isAsked = true;
      stop(signal);
    });
  }
  const run = (name) =>
    new Promise((resolve, reject) => {
      const script = fileURLToPath(scriptOf(name));
      const child = spawn(process.execPath, [...process.execArgv, script], { stdio: 'inherit' });
      running.add(child);
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        running.delete(child);
        resolve(codeOf(code, signal));
      });
    });

  const migrated = await run('migrate');
  if (migrated !== 0 || isAsked) return migrated;

  const ends = [run('api'), run('worker')];
  const first = await Promise.race(ends);
  // One without the other would look alive and do half of the work: whoever runs the container starts both anew. One
  // that stops already must not be told again, since a second signal means "at once".
  if (!isAsked) stop('SIGTERM');
  const codes = await Promise.all(ends);
  if (!isAsked) return first || 1;
  return codes.find((code) => code !== 0) ?? 0;
}

function scriptOf(name) {
  return new URL(SCRIPTS[name], import.meta.url);
}

function codeOf(code, signal) {
  return code ?? 128 + constants.signals[signal];
}
