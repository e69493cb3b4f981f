#!/usr/bin/env node
// `npx arcrun` in the clone: builds the command of packages/client when that is missing or stale, tells it where the
// `npm start` of this clone listens, and becomes it. Like boot.mjs it needs nothing but Node 18 and npm.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuild } from './boot/build.mjs';
import { ensureDependencies } from './boot/dependencies.mjs';
import { projectDir, stateDir } from './boot/places.mjs';
import { Problem, explain } from './boot/problem.mjs';
import { say } from './boot/progress.mjs';
import { handOver } from './boot/run-process.mjs';
import { ensureNode } from './boot/toolchain.mjs';

const clientDir = join(projectDir, 'packages/client');
const built = join(clientDir, 'dist/arcrun.js');
/** What the built command runs on. */
const oldestMajor = 20;

/** When the newest file of a folder was changed. */
function newestChange(folder) {
  return readdirSync(folder, { withFileTypes: true }).reduce((newest, entry) => {
    const path = join(folder, entry.name);
    return Math.max(newest, entry.isDirectory() ? newestChange(path) : statSync(path).mtimeMs);
  }, 0);
}

function isBuilt() {
  const stat = statSync(built, { throwIfNoEntry: false });
  return stat !== undefined && stat.mtimeMs >= newestChange(join(clientDir, 'src'));
}

/** Addresses of the running `npm start`; those that the person gave come first. */
function localAddresses() {
  try {
    const { pid, apiUrl, receiverUrl } = JSON.parse(readFileSync(join(stateDir, 'run.json'), 'utf8'));
    // Throws when it is gone.
    process.kill(pid, 0);
    return { ARCRUN_URL: apiUrl, ARCRUN_RECEIVER: receiverUrl };
  } catch {
    return {};
  }
}

async function prepare() {
  try {
    const node = await ensureNode();
    const path = `${dirname(node)}:${join(projectDir, 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
    const env = { ...process.env, PATH: path };
    await ensureDependencies(env);
    await ensureBuild(env);
    return node;
  } catch (error) {
    throw explain(error, projectDir);
  }
}

const isOld = Number(process.versions.node.split('.')[0]) < oldestMajor;
try {
  const node = isBuilt() && !isOld ? process.execPath : await prepare();
  for (const [name, value] of Object.entries(localAddresses())) {
    if (value !== undefined) process.env[name] ??= value;
  }
  if (isOld) process.exitCode = await handOver(node, [built, ...process.argv.slice(2)]);
  else await import(pathToFileURL(built).href);
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  say(error.message);
  process.exitCode = 1;
}
