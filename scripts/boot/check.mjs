import { join } from 'node:path';
import { audit } from './audit.mjs';
import { arePeersInstalled } from './peers.mjs';
import { projectDir } from './places.mjs';
import { runQuietly } from './run-process.mjs';

const bin = (name) => join(projectDir, 'node_modules/.bin', name);

/** `npm run check`: everything that can be said about the sources without running them, side by side. */
export async function check(node, env) {
  const run = (program, args) => () => runQuietly(program, args, { cwd: projectDir, env });
  const checks = {
    types: run(bin('tsc'), ['-p', '.', '--pretty', 'false']),
    'types of the UI': run(bin('tsc'), ['-p', 'packages/web', '--pretty', 'false']),
    ...(arePeersInstalled()
      ? { 'types of the peers': run(bin('tsc'), ['-p', 'e2e/peers', '--pretty', 'false']) }
      : {}),
    lint: run(bin('oxlint'), ['--type-aware', '--deny-warnings']),
    format: run(bin('prettier'), ['--check', '--log-level=warn', '.']),
    'unused code': run(bin('knip'), ['--no-progress']),
    layout: run(node, ['scripts/check-layout.ts']),
    docs: run(node, ['scripts/docs/main.ts', '--check']),
    'known vulnerabilities': () => audit(env),
  };
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, look]) => {
      const start = Date.now();
      const { ok, output, notRun } = await look();
      return { name, ok, output, notRun, seconds: (Date.now() - start) / 1000 };
    }),
  );
  for (const { ok, output, name } of results) {
    if (!ok) console.log(`--- ${name}\n${output.trim()}\n`);
  }
  for (const { name, ok, notRun, seconds } of results) {
    const word = notRun ? '-     ' : ok ? 'ok    ' : 'FAILED';
    console.log(`${word} ${name} (${notRun ? `not run: ${notRun}` : `${seconds.toFixed(1)} s`})`);
  }
  return results.every(({ ok }) => ok) ? 0 : 1;
}
