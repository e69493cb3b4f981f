#!/usr/bin/env node
// `npx arcrun` in the clone: builds the command of packages/client when that is missing or stale, tells it where the
// `npm start` of this clone listens, and becomes it. Like boot.mjs it needs nothing but Node 18 and npm.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureBuild } from './boot/build.mjs';
import { ensureDependencies } from './boot/dependencies.mjs';
import { projectDir, stateDir } from './boot/places.mjs';
import { Problem, explain } from './boot/problem.mjs';
import { say } from './boot/progress.mjs';
import { handOver } from './boot/run-process.mjs';
import { ensureNode } from './boot/toolchain.mjs';

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

async function main(args) {
  try {
    const node = await ensureNode();
    const env = {
      ...process.env,
      PATH: `${dirname(node)}:${join(projectDir, 'node_modules/.bin')}:${process.env.PATH ?? ''}`,
    };
    await ensureDependencies(env);
    await ensureBuild(env);
    return await handOver(node, [join(projectDir, 'packages/client/dist/arcrun.js'), ...args], {
      env: { ...localAddresses(), ...process.env },
    });
  } catch (error) {
    throw explain(error, projectDir);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  say(error.message);
  process.exitCode = 1;
}
