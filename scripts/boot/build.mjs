import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withFolderLock } from './folder-lock.mjs';
import { projectDir, stateDir } from './places.mjs';
import { Problem, explain } from './problem.mjs';
import { say, showProgress } from './progress.mjs';
import { handOver, runQuietly } from './run-process.mjs';
import { ensurePnpm } from './toolchain.mjs';
import { digest, listFileStamps, listPackages, readRootFile } from './workspace.mjs';

const stampFile = join(stateDir, 'stamps/build');

function buildKey(packages) {
  const inputs = [
    ...['pnpm-lock.yaml', 'turbo.json', 'tsconfig.json'],
    'scripts/build/bundle-process.mjs',
  ].map(readRootFile);
  const files = packages
    .filter(({ folder }) => folder !== projectDir)
    .flatMap(({ folder }) => [
      ...listFileStamps(join(folder, 'src')),
      ...listFileStamps(join(folder, 'build.mjs')),
    ]);
  return digest([...inputs, ...packages.map(({ text }) => text), ...files]);
}

function isFresh(packages) {
  return (
    packages.every(
      ({ folder, manifest }) =>
        folder === projectDir || !manifest.scripts?.build || existsSync(join(folder, 'dist')),
    ) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === buildKey(packages)
  );
}

async function turboCommand(env, args) {
  const pnpm = await ensurePnpm();
  return {
    program: join(projectDir, 'node_modules/.bin/turbo'),
    args: ['run', 'build', '--no-color', ...args],
    options: {
      cwd: projectDir,
      env: {
        ...env,
        PATH: `${dirname(pnpm)}:${env.PATH}`,
        TURBO_TELEMETRY_DISABLED: '1',
        DO_NOT_TRACK: '1',
        TURBO_NO_UPDATE_NOTIFIER: '1',
        TURBO_CACHE_DIR: join(stateDir, 'turbo'),
        XDG_CONFIG_HOME: join(stateDir, 'turbo/config'),
      },
    },
  };
}

/** Builds what is stale, and says nothing when nothing is. */
export async function ensureBuild(env) {
  if (isFresh(listPackages())) return;
  await withFolderLock(join(stateDir, 'locks/prepare'), async () => {
    const packages = listPackages();
    if (isFresh(packages)) return;
    const key = buildKey(packages);
    const { program, args, options } = await turboCommand(env, ['--output-logs=errors-only']);
    const endProgress = showProgress('Building');
    let done = await runQuietly(program, args, options);
    if (!done.ok && /cache/i.test(done.output)) {
      rmSync(join(stateDir, 'turbo'), { recursive: true, force: true });
      done = await runQuietly(program, [...args, '--force'], options);
    }
    endProgress();
    if (!done.ok) {
      if (/ENOSPC|No space left/i.test(done.output)) throw explain({ code: 'ENOSPC' }, projectDir);
      throw new Problem(
        `The build failed: mend what it names, then run the command again.\n${done.output.trim()}`,
      );
    }
    mkdirSync(dirname(stampFile), { recursive: true });
    writeFileSync(stampFile, key);
  });
}

/** `npm run build`: turbo with its own output. */
export async function build(env, extra) {
  const { program, args, options } = await turboCommand(env, extra);
  const code = await withFolderLock(join(stateDir, 'locks/prepare'), () => handOver(program, args, options));
  if (code !== 0) say('The build failed.');
  return code;
}
