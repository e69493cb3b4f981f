// The door to every command of the project: `npm start`, `npm test` and so on. It needs nothing but Node 18 and npm: the
// right Node, pnpm and the dependencies are fetched into .arcrun/ and node_modules/ when they are missing.
import { dirname, join } from 'node:path';
import { build, ensureBuild } from './boot/build.mjs';
import { check } from './boot/check.mjs';
import { ensureDependencies } from './boot/dependencies.mjs';
import { ensurePeers } from './boot/peers.mjs';
import { projectDir } from './boot/places.mjs';
import { Problem, explain } from './boot/problem.mjs';
import { say } from './boot/progress.mjs';
import { handOver } from './boot/run-process.mjs';
import { ensureNode } from './boot/toolchain.mjs';

const beganAt = Date.now() - Math.round(process.uptime() * 1000);

/** The environment in which the tools find this Node and one another. */
function toolEnvironment(node) {
  return {
    ...process.env,
    PATH: `${dirname(node)}:${join(projectDir, 'node_modules/.bin')}:${process.env.PATH ?? ''}`,
  };
}

const quiet = '--disable-warning=ExperimentalWarning';

/** Each gets the path of Node, the environment of the tools and the words after the command; gives the exit code. */
const commands = {
  async start(node, env, args) {
    await ensureBuild(env);
    const own = { ...env, ARCRUN_BEGAN_AT: String(beganAt) };
    return handOver(node, [quiet, 'packages/local/src/main.ts', ...args], {
      cwd: projectDir,
      env: own,
      ipc: true,
    });
  },
  async test(node, env, args) {
    await ensureBuild(env);
    return handOver(node, ['node_modules/vitest/vitest.mjs', 'run', ...args], { cwd: projectDir, env });
  },
  check: (node, env) => check(node, env),
  build: (_node, env, args) => build(env, args),
  docs: (node, env, args) => handOver(node, ['scripts/docs/main.ts', ...args], { cwd: projectDir, env }),
  async migrate(node, env, args) {
    await ensureBuild(env);
    return handOver(node, [quiet, 'packages/local/src/migrate.ts', ...args], { cwd: projectDir, env });
  },
  async bench(node, env, args) {
    await ensureBuild(env);
    const withPeers = args.includes('--peers');
    if (withPeers) await ensurePeers(env);
    const script = withPeers ? 'e2e/bench/peers/main.ts' : 'e2e/bench/main.ts';
    return handOver(node, [quiet, script, ...args], { cwd: projectDir, env });
  },
  async 'test:faults'(node, env, args) {
    await ensureBuild(env);
    return handOver(node, [quiet, 'e2e/faults/main.ts', ...args], { cwd: projectDir, env });
  },
  async 'test:soak'(node, env, args) {
    await ensureBuild(env);
    return handOver(node, [quiet, 'e2e/soak/main.ts', ...args], { cwd: projectDir, env });
  },
  async pictures(node, env, args) {
    await ensureBuild(env);
    return handOver(node, [quiet, 'e2e/pictures/main.ts', ...args], { cwd: projectDir, env });
  },
  'test:compose': (node, env, args) =>
    handOver(node, [quiet, 'e2e/compose/main.ts', ...args], { cwd: projectDir, env }),
};

async function main([name = '', ...args]) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new Problem(`Say one of ${Object.keys(commands).join(', ')} instead of "${name}".`);
  try {
    const node = await ensureNode();
    const env = toolEnvironment(node);
    await ensureDependencies(env);
    return await command(node, env, args);
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
