import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readNpmSettings } from './npm-client.mjs';
import { stateDir } from './places.mjs';
import { explainDownload, requireRoom } from './problem.mjs';
import { showProgress } from './progress.mjs';
import { runQuietly } from './run-process.mjs';

/** Everything that pnpm would lay into the home of the user is kept in the clone. */
async function pnpmEnvironment(toolEnv) {
  return {
    ...toolEnv,
    ...(await readNpmSettings()),
    XDG_DATA_HOME: join(stateDir, 'pnpm/data'),
    XDG_STATE_HOME: join(stateDir, 'pnpm/state'),
    XDG_CACHE_HOME: join(stateDir, 'pnpm/cache'),
    CI: 'true',
  };
}

/** What a person can read of pnpm's log lines. */
function readable(output) {
  return output
    .split('\n')
    .map((line) => {
      if (!line.startsWith('{')) return line;
      try {
        const entry = JSON.parse(line);
        return entry.level === 'error' ? (entry.err?.message ?? entry.message ?? line) : '';
      } catch {
        return line;
      }
    })
    .filter(Boolean)
    .join('\n');
}

/**
 * Lays out what the lockfile of a folder names, and shows how far it is.
 * @param {object} options
 * @param {string} options.pnpm its path
 * @param {string} options.folder the one with the lockfile
 * @param {string} options.what the things that it names, in a sentence
 * @param {string[]} [options.flags] more flags of pnpm
 * @param {number} options.needMb room that it takes at the most, when nothing is in the store
 * @param {object} options.toolEnv the environment in which install scripts find Node
 * @returns {Promise<Error | undefined>} what stands in the way
 */
export async function installWithPnpm({ pnpm, folder, what, flags = [], needMb, toolEnv }) {
  requireRoom(folder, existsSync(join(stateDir, 'pnpm/store')) ? 50 : needMb);
  const counts = { fetched: 0, imported: 0 };
  const endProgress = showProgress(`Installing ${what.toLowerCase()}`, () =>
    counts.imported + counts.fetched > 0 ? `${counts.fetched} fetched, ${counts.imported} laid out` : '',
  );
  const args = [
    ...['install', '--frozen-lockfile', '--prefer-offline', '--reporter=ndjson', ...flags],
    ...['--store-dir', join(stateDir, 'pnpm/store'), '--cache-dir', join(stateDir, 'pnpm/cache')],
    ...['--state-dir', join(stateDir, 'pnpm/state'), '--config.confirm-modules-purge=false'],
    ...[
      '--config.fetch-retries=2',
      '--config.fetch-retry-mintimeout=500',
      '--config.fetch-retry-maxtimeout=4000',
    ],
  ];
  try {
    const done = await runQuietly(pnpm, args, {
      cwd: folder,
      env: await pnpmEnvironment(toolEnv),
      onOutput(text) {
        counts.fetched += text.split('"status":"fetched"').length - 1;
        counts.imported += text.split('"status":"imported"').length - 1;
      },
    });
    return done.ok ? undefined : explainDownload(readable(done.output), what, folder);
  } finally {
    endProgress();
  }
}
