import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFolderLock } from './folder-lock.mjs';
import { readNpmSettings } from './npm-client.mjs';
import { pnpmVersion, projectDir, stateDir } from './places.mjs';
import { explainDownload, requireRoom } from './problem.mjs';
import { showProgress } from './progress.mjs';
import { runQuietly } from './run-process.mjs';
import { ensurePnpm } from './toolchain.mjs';
import { digest, listPackages, readRootFile } from './workspace.mjs';

/** Inside node_modules, so that it goes with it. */
const stampFile = join(projectDir, 'node_modules/.arcrun-installed');

function installKey(packages) {
  const inputs = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc'].map(readRootFile);
  return digest([
    pnpmVersion,
    process.platform,
    process.arch,
    ...inputs,
    ...packages.map(({ text }) => text),
  ]);
}

function isInStep(packages) {
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== installKey(packages)) return false;
  // Follows the links: a package that was deleted behind them is found missing.
  return packages.every(({ folder, manifest }) =>
    Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).every((name) =>
      existsSync(join(folder, 'node_modules', name, 'package.json')),
    ),
  );
}

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

async function install(pnpm, env) {
  requireRoom(projectDir, existsSync(join(stateDir, 'pnpm/store')) ? 50 : 450);
  const counts = { fetched: 0, imported: 0 };
  const endProgress = showProgress('Installing the dependencies', () =>
    counts.imported + counts.fetched > 0 ? `${counts.fetched} fetched, ${counts.imported} laid out` : '',
  );
  const args = [
    ...['install', '--frozen-lockfile', '--prefer-offline', '--reporter=ndjson'],
    ...['--store-dir', join(stateDir, 'pnpm/store'), '--cache-dir', join(stateDir, 'pnpm/cache')],
    ...['--state-dir', join(stateDir, 'pnpm/state'), '--config.confirm-modules-purge=false'],
    ...[
      '--config.fetch-retries=2',
      '--config.fetch-retry-mintimeout=500',
      '--config.fetch-retry-maxtimeout=4000',
    ],
  ];
  try {
    return await runQuietly(pnpm, args, {
      cwd: projectDir,
      env,
      onOutput(text) {
        counts.fetched += text.split('"status":"fetched"').length - 1;
        counts.imported += text.split('"status":"imported"').length - 1;
      },
    });
  } finally {
    endProgress();
  }
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
 * Makes node_modules fit the lockfile; touches nothing when it does already.
 * @param toolEnv the environment in which install scripts find Node
 */
export async function ensureDependencies(toolEnv) {
  if (isInStep(listPackages())) return;
  const pnpm = await ensurePnpm();
  await withFolderLock(join(stateDir, 'locks/prepare'), async () => {
    const packages = listPackages();
    if (isInStep(packages)) return;
    const env = await pnpmEnvironment(toolEnv);
    let done = await install(pnpm, env);
    let problem = done.ok
      ? undefined
      : explainDownload(readable(done.output), 'The dependencies', projectDir);
    // What is left is a message that nobody can act on, or links that point nowhere: lay everything anew, once.
    if (/look at the message/.test(problem?.message ?? '') || (done.ok && !linksAreWhole(packages))) {
      rmSync(join(stateDir, 'pnpm'), { recursive: true, force: true });
      for (const { folder } of packages)
        rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
      done = await install(pnpm, env);
      problem = done.ok ? undefined : explainDownload(readable(done.output), 'The dependencies', projectDir);
    }
    if (problem) throw problem;
    writeFileSync(stampFile, installKey(packages));
  });
}

function linksAreWhole(packages) {
  writeFileSync(stampFile, installKey(packages));
  const whole = isInStep(packages);
  if (!whole) rmSync(stampFile, { force: true });
  return whole;
}
