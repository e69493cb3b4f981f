import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFolderLock } from './folder-lock.mjs';
import { pnpmVersion, projectDir, stateDir } from './places.mjs';
import { installWithPnpm } from './pnpm-install.mjs';
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

/**
 * Makes node_modules fit the lockfile; touches nothing when it does already.
 * @param toolEnv the environment in which install scripts find Node
 */
export async function ensureDependencies(toolEnv) {
  if (isInStep(listPackages())) return;
  const pnpm = await ensurePnpm();
  const install = () =>
    installWithPnpm({ pnpm, folder: projectDir, what: 'The dependencies', needMb: 450, toolEnv });
  await withFolderLock(join(stateDir, 'locks/prepare'), async () => {
    const packages = listPackages();
    if (isInStep(packages)) return;
    let problem = await install();
    // What is left is a message that nobody can act on, or links that point nowhere: lay everything anew, once.
    if (/look at the message/.test(problem?.message ?? '') || (!problem && !linksAreWhole(packages))) {
      rmSync(join(stateDir, 'pnpm'), { recursive: true, force: true });
      for (const { folder } of packages)
        rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
      problem = await install();
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
