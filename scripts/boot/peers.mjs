import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFolderLock } from './folder-lock.mjs';
import { pnpmVersion, projectDir, stateDir } from './places.mjs';
import { installWithPnpm } from './pnpm-install.mjs';
import { ensurePnpm } from './toolchain.mjs';
import { digest } from './workspace.mjs';

const folder = join(projectDir, 'e2e/peers');
/** Inside node_modules, so that it goes with it. */
const stampFile = join(folder, 'node_modules/.arcrun-installed');

const installKey = () =>
  digest([
    pnpmVersion,
    ...['package.json', 'pnpm-lock.yaml'].map((name) => readFileSync(join(folder, name), 'utf8')),
  ]);

const isInStep = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === installKey();

/** Whether the libraries that the benchmark compares ArcRun with are there. */
export const arePeersInstalled = () => existsSync(stampFile);

/**
 * Installs the libraries that the benchmark compares ArcRun with. They are no part of the workspace, so that nobody
 * has them who does not ask for the comparison, and none of their install scripts runs.
 * @param toolEnv the environment of the tools
 */
export async function ensurePeers(toolEnv) {
  if (isInStep()) return;
  const pnpm = await ensurePnpm();
  await withFolderLock(join(stateDir, 'locks/prepare'), async () => {
    if (isInStep()) return;
    const problem = await installWithPnpm({
      pnpm,
      folder,
      what: 'The other queues',
      flags: ['--ignore-workspace', '--ignore-scripts'],
      needMb: 150,
      toolEnv,
    });
    if (problem) throw problem;
    writeFileSync(stampFile, installKey());
  });
}
